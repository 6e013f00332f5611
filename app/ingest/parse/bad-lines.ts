import type { Fault } from "./line-to-price.js";

/** A line that cannot be loaded. */
export interface BadLine extends Fault {
  /** Number of the line in the piece, from 1. */
  readonly line: number;
  /** The text of the line without its line break, or only its beginning. */
  readonly content: Buffer;
}

/** Most bad lines that are reported one by one. */
export const REPORTED_BAD_LINES = 1_000;

/** Bytes that are kept of a line to show it; less is shown. */
const SHOWN_CONTENT_BYTES = 1024;
const FULL_LINES = 1_000;
const FULL_BYTES = 4 * 1024 * 1024;

/**
 * The bad lines of one piece. All are counted by reason. The beginnings of the first ones are kept, to be shown. The
 * lines that the batch may have are kept in full until they are taken, to be written to a file for repair. A line may
 * have 1 MiB, and a batch may be allowed any number of bad lines, so the caller has to take them now and then.
 */
export class BadLines {
  readonly shown: BadLine[] = [];
  readonly counts = new Map<string, number>();
  total = 0;
  readonly #allowed: number;
  #kept: BadLine[] = [];
  #keptBytes = 0;

  /** @param allowed how many bad lines the batch may have. With more it fails, and no line is needed in full. */
  constructor(allowed: number) {
    this.#allowed = allowed;
  }

  /**
   * Counts a bad line, and keeps a copy of as much of it as is needed.
   * @param line number of the line in the piece, from 1.
   * @param content the line without its line break; only its beginning if `tooLong`.
   */
  add(line: number, { column, reason }: Fault, content: Buffer, tooLong = false): void {
    this.total += 1;
    const key = column === null ? reason : `${column}: ${reason}`;
    this.counts.set(key, (this.counts.get(key) ?? 0) + 1);
    // Copies, because the buffer of the line will be written over.
    const beginning = () => Buffer.from(content.subarray(0, SHOWN_CONTENT_BYTES));
    if (this.shown.length < REPORTED_BAD_LINES) this.shown.push({ line, column, reason, content: beginning() });
    if (this.total > this.#allowed) {
      this.takeKept();
      return;
    }
    const kept = { line, column, reason, content: tooLong ? beginning() : Buffer.from(content) };
    this.#kept.push(kept);
    this.#keptBytes += kept.content.length;
  }

  /** True if the lines that are kept in full are so many or so long that the caller should take them. */
  get isFull(): boolean {
    return this.#kept.length >= FULL_LINES || this.#keptBytes >= FULL_BYTES;
  }

  /** Takes the lines that were kept in full since the last call; none once there are more than the batch may have. */
  takeKept(): BadLine[] {
    const kept = this.#kept;
    this.#kept = [];
    this.#keptBytes = 0;
    return kept;
  }
}
