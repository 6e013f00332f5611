const DAY_MS = 86_400_000;

/** Number of days in a range, with both its ends: 1 for the same day, 0 or less if `to` is before `from`. */
export function countDays(from: string, to: string): number {
  return (Date.parse(to) - Date.parse(from)) / DAY_MS + 1;
}

/**
 * The day that is `days` after an ISO 8601 day, or before it if `days` is negative. Days are UTC midnights here, so all
 * are equally long.
 */
export function addDays(day: string, days: number): string {
  return new Date(Date.parse(day) + days * DAY_MS).toISOString().slice(0, 10);
}

/**
 * Every day of a range, newest first, leap days included. A Date is made only at the ends of months: making one for
 * each day would take a fifth of the time of an answer.
 */
export function daysNewestFirst(from: string, to: string): string[] {
  const days: string[] = [];
  for (let day = to; day >= from; ) {
    const month = day.slice(0, 8);
    const first = from.startsWith(month) ? Number(from.slice(8)) : 1;
    for (let date = Number(day.slice(8)); date >= first; date -= 1)
      days.push(date < 10 ? `${month}0${date}` : month + date);
    day = addDays(`${month}01`, -1);
  }
  return days;
}

/** Into which periods the days of a range are put together. */
export const INTERVALS = ["day", "week", "month"] as const;
export type Interval = (typeof INTERVALS)[number];

/** Days of a range that are put together. */
export interface Period {
  /** ISO 8601 days; both are part of the period. */
  readonly firstDay: string;
  readonly lastDay: string;
  /** Number of days of the range before this period. */
  readonly from: number;
  /** The same, with the days of this period. */
  readonly to: number;
}

/**
 * The periods of a range, newest first. Weeks begin on Monday (ISO 8601). The first and the last period of a range have
 * only the days that are in the range.
 */
export function periodsNewestFirst(from: string, to: string, interval: Interval): Period[] {
  const periods: Period[] = [];
  const days = daysNewestFirst(from, to);
  const weekday = weekdayOf(from);
  let lastDay = to;
  let end = days.length;
  for (const [index, firstDay] of days.entries()) {
    const begin = days.length - 1 - index;
    const begins = interval === "day" || (interval === "week" ? (weekday + begin) % 7 === 0 : firstDay.endsWith("-01"));
    if (!begins && begin > 0) continue;
    periods.push({ firstDay, lastDay, from: begin, to: end });
    lastDay = days[index + 1] ?? "";
    end = begin;
  }
  return periods;
}

/** 0 for Monday. */
function weekdayOf(day: string): number {
  return (new Date(day).getUTCDay() + 6) % 7;
}

/** Gives each month a number, without a gap between years. Takes a day or `YYYY-MM`. */
export function monthOf(day: string): number {
  return Number(day.slice(0, 4)) * 12 + Number(day.slice(5, 7)) - 1;
}
