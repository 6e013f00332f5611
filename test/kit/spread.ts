import { bucketOf, priceOf } from "../../app/rates/price-buckets.js";

type Dollars = number | null;

/**
 * Low, median and high of prices, as answers have them; null where too few prices stand behind them.
 * @param least how many prices low and high need at least.
 */
export function spreadOf(prices: readonly number[], least = 10): { low: Dollars; median: Dollars; high: Dollars } {
  const inOrder = [...prices].sort((one, other) => one - other);
  // The lowest price that as many tenths of all prices do not exceed.
  const after = (tenths: number, needs: number) => {
    const price = inOrder.find((_, index) => 10 * (index + 1) >= tenths * inOrder.length);
    return price === undefined || inOrder.length < needs ? null : priceOf(bucketOf(price));
  };
  return { low: after(1, least), median: after(5, Math.min(3, least)), high: after(9, least) };
}
