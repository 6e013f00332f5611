import { daysNewestFirst } from "./calendar.js";
import type { FoundRates } from "./find-rates.js";
import type { Question } from "./question.js";

/** With fewer prices, a mean says little and could reveal what one company pays, so the price of the day is null. */
export const LEAST_PRICES = 3;

/** `{"rates":[{"count":3,"day":"2021-01-31","price":1234.5},…]}`, every day of the range, newest first. */
export function writeJson(question: Question, found: FoundRates): string {
  let json = "";
  forEachDay(question, found, (day, count, price) => {
    json += `${json === "" ? "" : ","}{"count":${count},"day":"${day}","price":${price}}`;
  });
  return `{"rates":[${json}]}`;
}

/** RFC 4180 with the header `day,price,count`. An empty field means null. */
export function writeCsv(question: Question, found: FoundRates): string {
  let csv = "day,price,count\r\n";
  forEachDay(question, found, (day, count, price) => {
    csv += `${day},${price ?? ""},${count ?? ""}\r\n`;
  });
  return csv;
}

function forEachDay(
  question: Question,
  found: FoundRates,
  write: (day: string, count: number | null, price: number | null) => void,
): void {
  const days = daysNewestFirst(question.dateFrom, question.dateTo);
  for (const [index, day] of days.entries()) {
    const at = days.length - 1 - index;
    const count = found.counts[at] ?? 0;
    // The quotient of two whole numbers is the double nearest to the mean. It prints as the shortest text that gives
    // this double.
    const price = count >= LEAST_PRICES ? (found.sums[at] ?? 0) / count : null;
    write(day, count === 0 ? null : count, price);
  }
}
