/**
 * Noise that is a pure function of its keys: the price of a lane and day is the same whenever, and in whatever order,
 * it is made. Not for secrets.
 */

/** A number from 0 up to 1 for these whole numbers (the finalizer of MurmurHash3 over each). */
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

/** Roughly normal, mean 0, deviation 1: the sum of three even ones. */
export function bellNoise(...keys: readonly number[]): number {
  return (noise(1, ...keys) + noise(2, ...keys) + noise(3, ...keys) - 1.5) * 2;
}

/** Moves slowly from week to week: a new level each `weeks`, and a smooth way in between. */
export function drift(week: number, weeks: number, ...keys: readonly number[]): number {
  const step = Math.floor(week / weeks);
  const along = week / weeks - step;
  const eased = along * along * (3 - 2 * along);
  return bellNoise(step, ...keys) * (1 - eased) + bellNoise(step + 1, ...keys) * eased;
}

/** How many events of a given mean happen (Poisson, by Knuth's way: the means here are below 20). */
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
