import { RateSums } from "./rate-sums.js";

/**
 * Memory to add up in, used for one part after the other: what is given back is not free before the collector looks.
 */
export interface Sums {
  readonly ports: RateSums;
  readonly regions: RateSums;
}

/** @param bytes what both may take; about 33,000 lanes of a month fit into 24 MiB. */
export function createSums(bytes: number): Sums {
  const third = Math.floor(bytes / 3);
  return { ports: new RateSums(2 * third), regions: new RateSums(third) };
}
