import { RateSums } from "./rate-sums.js";

/**
 * Memory to add up in, used for one part after the other: what is given back is not free before the collector looks.
 */
export interface Sums {
  readonly ports: RateSums;
  readonly regions: RateSums;
}

/** Memory of audits that have ended, for those that come: a thousand small ones would else ask for gigabytes. */
export class SpareSums {
  readonly #bytes: number;
  readonly #spare: Sums[] = [];

  /** @param bytes what the sums of one audit may take. */
  constructor(bytes: number) {
    this.#bytes = bytes;
  }

  async use<T>(work: (sums: Sums) => Promise<T>): Promise<T> {
    const sums = this.#spare.pop() ?? createSums(this.#bytes);
    try {
      return await work(sums);
    } finally {
      this.#spare.push(sums);
    }
  }
}

/** @param bytes what both may take; about 33,000 lanes of a month fit into 24 MiB. */
export function createSums(bytes: number): Sums {
  const third = Math.floor(bytes / 3);
  return { ports: new RateSums(2 * third), regions: new RateSums(third) };
}
