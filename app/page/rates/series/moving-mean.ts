import type { Rate } from "./rates.js";

/** Days of the mean that the chart shows beside each day. A week smooths what weekdays do. */
export const MEAN_DAYS = 7;

/**
 * For each day, the mean of all prices of that day and the six before it, as the rate of a week would be. Days without
 * a rate are left out, because the sum of their prices is not known. Null if none of the seven days has a rate.
 * @param rates days without gaps, oldest first
 */
export function movingMean(rates: readonly Rate[]): (number | null)[] {
  return rates.map((_, index) => meanOf(rates.slice(Math.max(0, index - MEAN_DAYS + 1), index + 1)));
}

/** The mean of all prices of the days that have a rate; null if none has. */
export function meanOf(rates: readonly Rate[]): number | null {
  let sum = 0;
  let count = 0;
  for (const rate of rates) {
    if (rate.price === null || rate.count === null) continue;
    sum += rate.price * rate.count;
    count += rate.count;
  }
  return count === 0 ? null : sum / count;
}
