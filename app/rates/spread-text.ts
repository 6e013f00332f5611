import { type Interval, periodsNewestFirst } from "./calendar.js";
import type { FoundDays } from "./find-rates.js";
import type { DayHistograms } from "./histogram.js";
import type { DayRange } from "./question.js";
import { dayColumns, daysCsv, LEAST_PRICES, type Rate, ratesOf } from "./rates-text.js";

/** With fewer, the lowest tenth would be a single price at most. */
const LEAST_PRICES_OF_TENTHS = 10;

/** As {@link Rate}, with members that are null where too few prices stand behind them. */
interface SpreadRate extends Rate {
  readonly low: number | null;
  readonly median: number | null;
  readonly high: number | null;
}

/** `{"rates":[{"count":12,"day":"2021-01-31","price":1234.5,"low":980,"median":1210.5,"high":1502},…]}`. */
export function writeSpreadJson(range: DayRange, interval: Interval, found: FoundDays, held: DayHistograms): string {
  const rates = spreadsOf(range, interval, found, held).map(
    ({ firstDay, lastDay, count, price, low, median, high }) => {
      const last = interval === "day" ? "" : `"last_day":"${lastDay}",`;
      return `{"count":${count},"day":"${firstDay}",${last}"price":${price},"low":${low},"median":${median},"high":${high}}`;
    },
  );
  return `{"rates":[${rates.join(",")}]}`;
}

/** RFC 4180 with the header `day,price,count,low,median,high`. An empty field means null. */
export function writeSpreadCsv(range: DayRange, interval: Interval, found: FoundDays, held: DayHistograms): string {
  const lines = spreadsOf(range, interval, found, held).map((rate) => {
    const { price, count, low, median, high } = rate;
    return [daysCsv(interval, rate), ...[price, count, low, median, high].map((value) => value ?? "")].join(",");
  });
  return [`${dayColumns(interval)},price,count,low,median,high`, ...lines, ""].join("\r\n");
}

function spreadsOf(range: DayRange, interval: Interval, found: FoundDays, held: DayHistograms): SpreadRate[] {
  const periods = periodsNewestFirst(range.dateFrom, range.dateTo, interval);
  return ratesOf(range, interval, found).map((rate, index) => {
    const { from = 0, to = 0 } = periods[index] ?? {};
    const count = rate.count ?? 0;
    const { low = null, median = null, high = null } = held.spread(from, to, count) ?? {};
    const tenths = count >= LEAST_PRICES_OF_TENTHS ? { low, high } : { low: null, high: null };
    return { ...rate, ...tenths, median: count >= LEAST_PRICES ? median : null };
  });
}
