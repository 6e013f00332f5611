/**
 * Noise that is a pure function of its keys: the price of a lane and day is the same whenever, and in whatever order,
 * it is made. Not for secrets.
 */

/** A number from 0 to less than 1 for these whole numbers (the finalizer of MurmurHash3, applied to each). */
export function noise(...keys: readonly number[]): number {
  let hash = 0x9e3779b9;
  for (const key of keys) {
    hash = Math.imul(hash ^ key, 0x85ebca6b);
    hash ^= hash >>> 13;
    hash = Math.imul(hash, 0xc2b2ae35);
    hash ^= hash >>> 16;
  }
  return (hash >>> 0) / 2 ** 32;
}

/** A roughly normal value with mean 0 and deviation 1: the sum of three uniform ones. */
export function bellNoise(...keys: readonly number[]): number {
  return (noise(1, ...keys) + noise(2, ...keys) + noise(3, ...keys) - 1.5) * 2;
}

/**
 * A value that moves slowly from week to week: it has a new level every `weeks` weeks and changes smoothly in between.
 */
export function drift(week: number, weeks: number, ...keys: readonly number[]): number {
  const step = Math.floor(week / weeks);
  const along = week / weeks - step;
  const eased = along * along * (3 - 2 * along);
  return bellNoise(step, ...keys) * (1 - eased) + bellNoise(step + 1, ...keys) * eased;
}

/**
 * A random number of events with the given mean (Poisson distribution by Knuth's method; the means here are below 20).
 */
export function countNoise(mean: number, ...keys: readonly number[]): number {
  const limit = Math.exp(-mean);
  let product = noise(0, ...keys);
  let count = 0;
  while (product > limit) {
    count += 1;
    product *= noise(count, ...keys);
  }
  return count;
}
