const DAY_MS = 86_400_000;

/** Days from one to another, both counted: 1 for the same day, 0 or less if they are the wrong way round. */
export function countDays(from: string, to: string): number {
  return (Date.parse(to) - Date.parse(from)) / DAY_MS + 1;
}

/** The day that is `days` after (or before) an ISO 8601 day. Days are UTC midnights here, so none is longer than another. */
export function addDays(day: string, days: number): string {
  return new Date(Date.parse(day) + days * DAY_MS).toISOString().slice(0, 10);
}

/** Every day of a range, newest first, leap days included. */
export function daysNewestFirst(from: string, to: string): string[] {
  const first = Date.parse(from);
  const days: string[] = [];
  for (let at = Date.parse(to); at >= first; at -= DAY_MS) days.push(new Date(at).toISOString().slice(0, 10));
  return days;
}
