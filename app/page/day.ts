const DAY_MS = 86_400_000;

/** A day as the API writes it, `2021-01-31`. All days are UTC days; the visitor's time zone is never used. */
export type Day = string;

/** Today in UTC. */
export function today(): Day {
  return new Date().toISOString().slice(0, 10);
}

/** True if `text` is a day that exists; `2021-02-30` does not. */
export function isDay(text: string): boolean {
  if (!/^\d{4}-\d{2}-\d{2}$/.test(text)) return false;
  const time = Date.parse(text);
  return !Number.isNaN(time) && new Date(time).toISOString().startsWith(text);
}

/** The day that is `days` after a day, or before it if `days` is negative. */
export function addDays(day: Day, days: number): Day {
  return new Date(Date.parse(day) + days * DAY_MS).toISOString().slice(0, 10);
}

/**
 * The same day of the month `months` later (earlier if negative), or the last day of a month that is too short for it.
 */
export function addMonths(day: Day, months: number): Day {
  const [year = 0, month = 1, date = 1] = day.split("-").map(Number);
  const lastDate = new Date(Date.UTC(year, month + months, 0)).getUTCDate();
  return new Date(Date.UTC(year, month - 1 + months, Math.min(date, lastDate))).toISOString().slice(0, 10);
}

/** Number of days in a range, with both its ends. */
export function daysIn(from: Day, to: Day): number {
  return Math.round((Date.parse(to) - Date.parse(from)) / DAY_MS) + 1;
}

/** Seconds since 1970 at the start of the day. */
export function secondsOf(day: Day): number {
  return Date.parse(day) / 1000;
}

const short = new Intl.DateTimeFormat("en-GB", { timeZone: "UTC", day: "numeric", month: "short", year: "numeric" });
const weekday = new Intl.DateTimeFormat("en-GB", { timeZone: "UTC", weekday: "short" });
const long = new Intl.DateTimeFormat("en-GB", {
  timeZone: "UTC",
  weekday: "short",
  day: "numeric",
  month: "short",
  year: "numeric",
});

/** `31 Jan 2021` */
export function formatDay(day: Day): string {
  return short.format(Date.parse(day));
}

/** `Sun, 31 Jan 2021` */
export function formatWeekday(day: Day): string {
  return long.format(Date.parse(day));
}

/** `Sun` */
export function formatWeekdayName(day: Day): string {
  return weekday.format(Date.parse(day));
}
