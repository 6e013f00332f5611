const HIGHEST_PRICE = 2_147_483_647;
/** A bucket ends at most 2 % above its lowest price, so its middle is at most 1 % away from each of its prices. */
const RATIO = 1.02;
/** Looked up in a table; higher prices are searched for. */
const LOW_PRICES = 16_384;

/**
 * The highest price of each bucket, in order. Made by multiplications alone, which every processor rounds alike: a
 * price that is subtracted later must be in the bucket that it was added to.
 */
const HIGHEST: readonly number[] = (() => {
  const highest: number[] = [];
  for (let end = 1, last = 0; last < HIGHEST_PRICE; end *= RATIO) {
    const price = Math.min(Math.floor(end), HIGHEST_PRICE);
    if (price > last) highest.push(price);
    last = price;
  }
  return highest;
})();

/** Number of buckets; they are numbered from 0. */
export const BUCKETS = HIGHEST.length;

const LOW_BUCKETS = Uint16Array.from({ length: LOW_PRICES }, (_, price) => search(price));

/** The bucket of a price. @param price a whole number from 1 to 2147483647. */
export function bucketOf(price: number): number {
  return price < LOW_PRICES ? (LOW_BUCKETS[price] as number) : search(price);
}

/** The middle of a bucket, which stands for all its prices. Exact for prices below 50. */
export function priceOf(bucket: number): number {
  return ((HIGHEST[bucket - 1] ?? 0) + 1 + (HIGHEST[bucket] as number)) / 2;
}

function search(price: number): number {
  let low = 0;
  let high = HIGHEST.length - 1;
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((HIGHEST[middle] as number) < price) low = middle + 1;
    else high = middle;
  }
  return low;
}
