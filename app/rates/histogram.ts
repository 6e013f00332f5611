import { BUCKETS, priceOf } from "./price-buckets.js";

/** The prices of which at least a tenth, half and nine tenths are no higher, in US dollars. */
export interface Spread {
  readonly low: number;
  readonly median: number;
  readonly high: number;
}

const HEAD_BYTES = 8;
const DAYS_OF_MONTH = 31;
/** Takes the histograms of a row out of the days again, instead of adding them. */
const SUBTRACTS = 1 << DAYS_OF_MONTH;

/**
 * Histograms of the days of a range: how many prices of a day are in each bucket. `daily_rates.histograms` is a
 * sequence of parts. A part has the bits of its days (4 bytes, the first of the month lowest; the highest bit is set if
 * the prices are subtracted) and its length (4 bytes). What follows is
 *
 * - for each of these days, pairs of a bucket and the number of its prices, and a 0. A bucket is a step from the one
 *   before, from -1 at first. A pair is `2 * step` for one price, or `2 * step + 1` and the number. Numbers are written
 *   in groups of seven bits, the lowest first;
 * - or, if the length is negative, parts of which only these days count.
 */
export class DayHistograms {
  readonly #days: number;
  readonly #counts: Int32Array;
  /** 1 for a day of which prices are in no histogram. */
  readonly #incomplete: Uint8Array;

  /** @param days length of the range. */
  constructor(days: number) {
    this.#days = days;
    this.#counts = new Int32Array(days * BUCKETS);
    this.#incomplete = new Uint8Array(days);
  }

  /**
   * Adds the histograms of a row.
   * @param monthStart first day of its month, counted from the first day of the range; may be negative.
   * @param seen bits of the days of the month that count.
   */
  add(histograms: Buffer, monthStart: number, seen: number): void {
    this.#addParts(histograms, 0, histograms.length, monthStart, seen);
  }

  /**
   * Notes the days with prices of a row that has no histograms.
   * @param firstDay the day of the first count, counted from the first day of the range.
   * @param seen bits of the days that count, the lowest for the first.
   */
  miss(counts: readonly number[], firstDay: number, seen: number): void {
    for (const [index, count] of counts.entries()) {
      const day = firstDay + index;
      if (count !== 0 && (seen & (1 << index)) !== 0 && day >= 0 && day < this.#days) this.#incomplete[day] = 1;
    }
  }

  /**
   * The spread of the days from `from` to before `to`, all together.
   * @param count how many prices these days have.
   * @returns null if there is none, or if the histograms do not hold exactly these.
   */
  spread(from: number, to: number, count: number): Spread | null {
    if (count === 0 || this.#incomplete.subarray(from, to).includes(1)) return null;
    const counts = this.#counts.slice(from * BUCKETS, (from + 1) * BUCKETS);
    for (let cell = (from + 1) * BUCKETS; cell < to * BUCKETS; cell += 1) {
      counts[cell % BUCKETS] = (counts[cell % BUCKETS] as number) + (this.#counts[cell] as number);
    }
    if (counts.reduce((sum, some) => sum + some, 0) !== count) return null;
    const priceAfter = (tenths: number) => priceAt(counts, Math.ceil((tenths * count) / 10));
    return { low: priceAfter(1), median: priceAfter(5), high: priceAfter(9) };
  }

  #addParts(bytes: Buffer, from: number, to: number, monthStart: number, seen: number): void {
    for (let at = from; at < to; ) {
      const days = bytes.readInt32BE(at);
      const length = bytes.readInt32BE(at + 4);
      const begin = at + HEAD_BYTES;
      at = begin + Math.abs(length);
      if (length < 0) this.#addParts(bytes, begin, at, monthStart, seen & days);
      else this.#addDays(bytes, begin, days, monthStart, seen);
    }
  }

  #addDays(bytes: Buffer, from: number, days: number, monthStart: number, seen: number): void {
    const sign = (days & SUBTRACTS) === 0 ? 1 : -1;
    let at = from;
    const next = () => {
      let value = 0;
      for (let shift = 0; ; shift += 7) {
        const byte = bytes[at] as number;
        at += 1;
        value |= (byte & 127) << shift;
        if (byte < 128) return value;
      }
    };
    for (let dayOfMonth = 0; dayOfMonth < DAYS_OF_MONTH; dayOfMonth += 1) {
      if ((days & (1 << dayOfMonth)) === 0) continue;
      const day = monthStart + dayOfMonth;
      const counts = (seen & (1 << dayOfMonth)) !== 0 && day >= 0 && day < this.#days;
      let cell = day * BUCKETS - 1;
      for (let step = next(); step !== 0; step = next()) {
        cell += step >> 1;
        const count = (step & 1) === 0 ? 1 : next();
        if (counts) this.#counts[cell] = (this.#counts[cell] as number) + sign * count;
      }
    }
  }
}

/** The price of the given rank, where the lowest price has rank 1. */
function priceAt(counts: Int32Array, rank: number): number {
  let seen = 0;
  const bucket = counts.findIndex((count) => {
    seen += count;
    return seen >= rank;
  });
  return priceOf(bucket);
}
