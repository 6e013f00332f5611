import { bucketOf, priceOf } from "../../app/rates/price-buckets.js";

/** Low, median and high of a day, from its prices in order; null where too few prices stand behind them. */
export function spreadOf(prices: readonly number[]): {
  low: number | null;
  median: number | null;
  high: number | null;
} {
  // The lowest price that as many tenths of all prices do not exceed.
  const after = (tenths: number, least: number) => {
    const price = prices.find((_, index) => 10 * (index + 1) >= tenths * prices.length);
    return price === undefined || prices.length < least ? null : priceOf(bucketOf(price));
  };
  return { low: after(1, 10), median: after(5, 3), high: after(9, 10) };
}
