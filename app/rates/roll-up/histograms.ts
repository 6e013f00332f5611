import { BUCKETS, bucketOf } from "../price-buckets.js";
import type { RateSums } from "./rate-sums.js";

/** An entry has the bucket in its lower bits, and the cell (lane and day) above. */
const BUCKET_BITS = 10;
const BUCKET_MASK = 2 ** BUCKET_BITS - 1;
/** An entry takes 4 bytes, and 2 more when it is sorted. */
const ENTRY_BYTES = 6;
const FIRST_ENTRIES = 16 * 1024;
/** More prices of a day are counted by bucket; sorting fewer by insertion is faster. */
const MOST_SORTED = 32;
/** Mask and length before the days. */
const HEAD_BYTES = 8;
/** Bucket and number of its prices, at their longest. */
const LONGEST_PAIR_BYTES = 2 + 4;

/** The same memory, for whole numbers of several bytes and for single bytes. */
export interface Room {
  readonly view: DataView;
  readonly bytes: Uint8Array;
}

/**
 * Prices of a {@link RateSums} between ports, each by its bucket, and their histograms in the form of
 * `daily_rates.histograms` (app/rates/histogram.ts). Prices are only noted when they come. They are sorted once, before
 * they are written, which takes less time than to count each in a table of buckets.
 */
export class Histograms {
  readonly #most: number;
  #entries = new Uint32Array(FIRST_ENTRIES);
  #length = 0;
  #sorted = new Uint16Array();
  /** Where the prices of each cell end in `#sorted`. */
  #ends = new Uint32Array();
  readonly #counted = new Uint32Array(BUCKETS);

  /** @param bytes limit of its memory; it takes little until there are many prices. */
  constructor(bytes: number) {
    this.#most = Math.max(FIRST_ENTRIES, Math.floor(bytes / ENTRY_BYTES));
  }

  /** Number of further prices that fit. */
  get room(): number {
    return this.#most - this.#length;
  }

  /** @param cell `lane * days + day` of the sums to which the same price was added. */
  add(cell: number, price: number): void {
    if (this.#length === this.#entries.length) this.#grow();
    this.#entries[this.#length] = (cell << BUCKET_BITS) | bucketOf(price);
    this.#length += 1;
  }

  clear(): void {
    this.#length = 0;
  }

  /** Sorts the prices by cell. Call it before {@link put}. */
  sort(rates: RateSums): void {
    const cells = rates.lanes * rates.days;
    if (this.#ends.length < cells) this.#ends = new Uint32Array(cells);
    if (this.#sorted.length < this.#length) this.#sorted = new Uint16Array(this.#entries.length);
    const [entries, ends, sorted] = [this.#entries, this.#ends, this.#sorted];
    let end = 0;
    for (let lane = 0, cell = 0; lane < rates.lanes; lane += 1) {
      for (let day = 0; day < rates.days; day += 1, cell += 1) {
        ends[cell] = end;
        end += Math.abs(rates.count(lane, day));
      }
    }
    for (let at = 0; at < this.#length; at += 1) {
      const entry = entries[at] as number;
      const cell = entry >>> BUCKET_BITS;
      const to = ends[cell] as number;
      sorted[to] = entry & BUCKET_MASK;
      ends[cell] = to + 1;
    }
  }

  /** The most bytes that {@link put} writes for a lane. */
  mostBytes(rates: RateSums, lane: number): number {
    const cell = lane * rates.days;
    const prices = (this.#ends[cell + rates.days - 1] as number) - this.#endBefore(cell);
    return HEAD_BYTES + rates.days + LONGEST_PAIR_BYTES * Math.min(prices, rates.days * BUCKETS);
  }

  /**
   * Writes the histograms of a lane.
   * @param dayOfMonth day 0 of the sums, counted from the first day of its month.
   * @returns the position after them.
   */
  put({ view, bytes }: Room, at: number, rates: RateSums, lane: number, dayOfMonth: number): number {
    const cell = lane * rates.days;
    let mask = 0;
    let end = at + HEAD_BYTES;
    let begin = this.#endBefore(cell);
    for (let day = 0; day < rates.days; day += 1) {
      const last = this.#ends[cell + day] as number;
      if (last === begin) continue;
      mask |= 1 << (dayOfMonth + day);
      // All prices of a row are added, or all are subtracted.
      if (rates.count(lane, day) < 0) mask |= 1 << 31;
      end =
        last - begin > MOST_SORTED
          ? this.#putCounted(bytes, end, begin, last)
          : this.#putSorted(bytes, end, begin, last);
      begin = last;
    }
    view.setInt32(at, mask);
    view.setInt32(at + 4, end - at - HEAD_BYTES);
    return end;
  }

  #endBefore(cell: number): number {
    return cell === 0 ? 0 : (this.#ends[cell - 1] as number);
  }

  #putSorted(bytes: Uint8Array, at: number, begin: number, last: number): number {
    const sorted = this.#sorted;
    for (let next = begin + 1; next < last; next += 1) {
      const bucket = sorted[next] as number;
      let to = next;
      for (; to > begin && (sorted[to - 1] as number) > bucket; to -= 1) sorted[to] = sorted[to - 1] as number;
      sorted[to] = bucket;
    }
    let end = at;
    let before = -1;
    for (let next = begin; next < last; ) {
      const bucket = sorted[next] as number;
      let count = 1;
      while (next + count < last && sorted[next + count] === bucket) count += 1;
      end = putPair(bytes, end, bucket - before, count);
      before = bucket;
      next += count;
    }
    bytes[end] = 0;
    return end + 1;
  }

  #putCounted(bytes: Uint8Array, at: number, begin: number, last: number): number {
    const counted = this.#counted;
    let lowest = BUCKETS;
    let highest = 0;
    for (let next = begin; next < last; next += 1) {
      const bucket = this.#sorted[next] as number;
      if (bucket < lowest) lowest = bucket;
      if (bucket > highest) highest = bucket;
      counted[bucket] = (counted[bucket] as number) + 1;
    }
    let end = at;
    let before = -1;
    for (let bucket = lowest; bucket <= highest; bucket += 1) {
      const count = counted[bucket] as number;
      if (count === 0) continue;
      end = putPair(bytes, end, bucket - before, count);
      before = bucket;
      counted[bucket] = 0;
    }
    bytes[end] = 0;
    return end + 1;
  }

  #grow(): void {
    if (this.room === 0) throw new RangeError("no room for another price");
    const entries = new Uint32Array(Math.min(this.#most, 2 * this.#entries.length));
    entries.set(this.#entries);
    this.#entries = entries;
  }
}

/** @param step from the bucket before, at least 1. */
function putPair(bytes: Uint8Array, at: number, step: number, count: number): number {
  if (count === 1) return putNumber(bytes, at, step << 1);
  return putNumber(bytes, putNumber(bytes, at, (step << 1) | 1), count);
}

/** In groups of seven bits, the lowest first; all but the last have the highest bit set. */
function putNumber(bytes: Uint8Array, at: number, value: number): number {
  let rest = value;
  let end = at;
  for (; rest > 127; rest >>>= 7) {
    bytes[end] = (rest & 127) | 128;
    end += 1;
  }
  bytes[end] = rest;
  return end + 1;
}
