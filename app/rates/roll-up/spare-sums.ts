import { Histograms } from "./histograms.js";
import { RateSums } from "./rate-sums.js";

/**
 * Memory for sums, used for one part after the other. If each part took new memory, the old memory would not be free
 * before the next garbage collection.
 */
export interface Sums {
  readonly ports: RateSums;
  readonly regions: RateSums;
  /** Of the prices in `ports`. */
  readonly histograms: Histograms;
}

/**
 * Keeps the memory of audits that have ended for the next ones. Without this, a thousand small audits would ask for
 * gigabytes.
 */
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

/**
 * Makes empty sums.
 * @param bytes limit of the sums, and once more of the histograms; 24 MiB hold about 33,000 lanes of a month, and 4
 * million prices.
 */
export function createSums(bytes: number): Sums {
  const third = Math.floor(bytes / 3);
  return { ports: new RateSums(2 * third), regions: new RateSums(third), histograms: new Histograms(bytes) };
}
