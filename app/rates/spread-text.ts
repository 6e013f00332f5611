import { daysNewestFirst } from "./calendar.js";
import type { FoundRates } from "./find-rates.js";
import type { DayHistograms } from "./histogram.js";
import type { Question } from "./question.js";
import { LEAST_PRICES } from "./rates-text.js";

/** With fewer, the lowest tenth would be a single price at most. */
const LEAST_PRICES_OF_TENTHS = 10;

/** `{"rates":[{"count":12,"day":"2021-01-31","price":1234.5,"low":980,"median":1210.5,"high":1502},…]}`, newest first. */
export function writeSpreadJson(question: Question, rates: FoundRates, histograms: DayHistograms): string {
  const days = spreadsOf(question, rates, histograms).map(
    ({ day, count, price, low, median, high }) =>
      `{"count":${count},"day":"${day}","price":${price},"low":${low},"median":${median},"high":${high}}`,
  );
  return `{"rates":[${days.join(",")}]}`;
}

/** RFC 4180 with the header `day,price,count,low,median,high`. An empty field means null. */
export function writeSpreadCsv(question: Question, rates: FoundRates, histograms: DayHistograms): string {
  const lines = spreadsOf(question, rates, histograms).map(({ day, price, count, low, median, high }) =>
    [day, price, count, low, median, high].map((value) => value ?? "").join(","),
  );
  return ["day,price,count,low,median,high", ...lines, ""].join("\r\n");
}

/** A day of an answer. Members are null where too few prices stand behind them. */
interface SpreadOfDay {
  readonly day: string;
  readonly count: number | null;
  readonly price: number | null;
  readonly low: number | null;
  readonly median: number | null;
  readonly high: number | null;
}

function spreadsOf({ dateFrom, dateTo }: Question, rates: FoundRates, histograms: DayHistograms): SpreadOfDay[] {
  const days = daysNewestFirst(dateFrom, dateTo);
  return days.map((day, index) => {
    const at = days.length - 1 - index;
    const count = rates.counts[at] ?? 0;
    const price = count >= LEAST_PRICES ? (rates.sums[at] ?? 0) / count : null;
    const { low = null, median = null, high = null } = histograms.spread(at, count) ?? {};
    const tenths = count >= LEAST_PRICES_OF_TENTHS ? { low, high } : { low: null, high: null };
    return { day, count: count || null, price, median: count >= LEAST_PRICES ? median : null, ...tenths };
  });
}
