import { addDays, addMonths, type Day, daysIn, isDay } from "../../day.js";

/** Days from one to another, both included. They may be any text that a visitor typed. */
export interface DayRange {
  readonly dateFrom: Day;
  readonly dateTo: Day;
}

/**
 * A range up to today that moves on with the days: `90d`, `6m`, `1y`, or `ytd` for the year so far. An address keeps it
 * as it is, so that a shared link shows the last days whenever it is opened.
 */
export interface RelativeRange {
  readonly last: string;
}

export type Range = DayRange | RelativeRange;

/** The range of an address that names none. */
export const DEFAULT_RANGE: RelativeRange = { last: "90d" };
const DEFAULT_DAYS = 90;
const YEAR_TO_DATE = "ytd";
const LENGTH = /^([1-9]\d{0,2})([dmy])$/;

/** The days that a range stands for on the day `today`. */
export function daysOf(range: Range, today: Day): DayRange {
  if (!("last" in range)) return range;
  if (range.last === YEAR_TO_DATE) return { dateFrom: `${today.slice(0, 4)}-01-01`, dateTo: today };
  const [, count = "0", unit] = LENGTH.exec(range.last) ?? [];
  const dateFrom =
    unit === "d"
      ? addDays(today, 1 - Number(count))
      : addDays(addMonths(today, -Number(count) * (unit === "y" ? 12 : 1)), 1);
  return { dateFrom, dateTo: today };
}

/**
 * Reads `last=90d`, or `date_from` and `date_to`, which the API has too. Days win, because they are in links from
 * before `last` was known. One missing day gets a default: today, or the day 90 days before the last.
 */
export function readRange(parameters: URLSearchParams, today: Day): Range {
  const from = parameters.get("date_from");
  const to = parameters.get("date_to");
  if (!from && !to) {
    const last = parameters.get("last") ?? "";
    return last === YEAR_TO_DATE || LENGTH.test(last) ? { last } : DEFAULT_RANGE;
  }
  const dateTo = to || today;
  return { dateFrom: from || (isDay(dateTo) ? addDays(dateTo, 1 - DEFAULT_DAYS) : dateTo), dateTo };
}

/** Reads `2024-01-01..2024-02-01`; undefined if these are no two days in order. */
export function readDays(text: string | null): DayRange | undefined {
  const [dateFrom = "", dateTo = ""] = text?.split("..", 2) ?? [];
  return lengthOf({ dateFrom, dateTo }) ? { dateFrom, dateTo } : undefined;
}

/** Number of days in the range; undefined if an end is not a day or the ends are reversed. */
export function lengthOf({ dateFrom, dateTo }: DayRange): number | undefined {
  if (!isDay(dateFrom) || !isDay(dateTo) || dateFrom > dateTo) return undefined;
  return daysIn(dateFrom, dateTo);
}

/** The range of `days` days that ends on a day. */
export function upTo(dateTo: Day, days: number): DayRange {
  return { dateFrom: addDays(dateTo, 1 - days), dateTo };
}
