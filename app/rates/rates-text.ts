import { type Interval, periodsNewestFirst } from "./calendar.js";
import type { FoundDays } from "./find-rates.js";
import { type DayRange, type LanesQuestion, writeLane } from "./question.js";

/** With fewer prices, a mean says little and could reveal what one company pays, so the price is null. */
const LEAST_PRICES = 3;

/** The prices of one day, or of the days of a week or month. */
export interface Rate {
  readonly firstDay: string;
  readonly lastDay: string;
  /** Null if there are none. */
  readonly count: number | null;
  /** Their mean in US dollars; null if there are fewer than three. */
  readonly price: number | null;
}

/** The rates of each day, week or month of the range, newest first. */
export function ratesOf({ dateFrom, dateTo }: DayRange, interval: Interval, { counts, sums }: FoundDays): Rate[] {
  return periodsNewestFirst(dateFrom, dateTo, interval).map(({ firstDay, lastDay, from, to }) => {
    let count = 0;
    let sum = 0;
    for (let day = from; day < to; day += 1) {
      count += counts[day] ?? 0;
      sum += sums[day] ?? 0;
    }
    // The quotient of two whole numbers is the double nearest to the mean. It prints as the shortest text that gives
    // this double.
    return { firstDay, lastDay, count: count === 0 ? null : count, price: count >= LEAST_PRICES ? sum / count : null };
  });
}

/** `{"rates":[{"count":3,"day":"2021-01-31","price":1234.5},…]}`; weeks and months have `last_day` too. */
export function writeJson(range: DayRange, interval: Interval, found: FoundDays): string {
  return `{"rates":${ratesJson(range, interval, found)}}`;
}

/** RFC 4180 with the header `day,price,count`, or `day,last_day,price,count`. An empty field means null. */
export function writeCsv(range: DayRange, interval: Interval, found: FoundDays): string {
  let csv = `${dayColumns(interval)},price,count\r\n`;
  for (const rate of ratesOf(range, interval, found)) {
    csv += `${daysCsv(interval, rate)},${rate.price ?? ""},${rate.count ?? ""}\r\n`;
  }
  return csv;
}

/** `{"lanes":[{"destination":"NLRTM","origin":"CNSGH","rates":[…]},…]}`, in the order of the question. */
export function writeLanesJson(question: LanesQuestion, interval: Interval, found: readonly FoundDays[]): string {
  const lanes = question.lanes.map(({ origin, destination }, index) => {
    const rates = ratesJson(question, interval, found[index] as FoundDays);
    return `{"destination":${JSON.stringify(destination)},"origin":${JSON.stringify(origin)},"rates":${rates}}`;
  });
  return `{"lanes":[${lanes.join(",")}]}`;
}

/**
 * RFC 4180 with a column for each lane, `day,CNSGH:NLRTM,china:europe`, that has its prices. An empty field means null.
 */
export function writeLanesCsv(question: LanesQuestion, interval: Interval, found: readonly FoundDays[]): string {
  const lanes = found.map((days) => ratesOf(question, interval, days));
  const header = [dayColumns(interval), ...question.lanes.map(writeLane)].join(",");
  const lines = (lanes[0] ?? []).map((rate, index) =>
    [daysCsv(interval, rate), ...lanes.map((rates) => rates[index]?.price ?? "")].join(","),
  );
  return [header, ...lines, ""].join("\r\n");
}

function ratesJson(range: DayRange, interval: Interval, found: FoundDays): string {
  let json = "";
  for (const { firstDay, lastDay, count, price } of ratesOf(range, interval, found)) {
    const last = interval === "day" ? "" : `"last_day":"${lastDay}",`;
    json += `${json === "" ? "" : ","}{"count":${count},"day":"${firstDay}",${last}"price":${price}}`;
  }
  return `[${json}]`;
}

function dayColumns(interval: Interval): string {
  return interval === "day" ? "day" : "day,last_day";
}

function daysCsv(interval: Interval, { firstDay, lastDay }: Rate): string {
  return interval === "day" ? firstDay : `${firstDay},${lastDay}`;
}
