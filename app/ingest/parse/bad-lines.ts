import type { Fault } from "./line-to-price.js";

/** A line that cannot be loaded. */
export interface BadLine extends Fault {
  /** 1 for the first line of the piece. */
  readonly line: number;
  /** The line without its line break, or only its beginning. */
  readonly content: Buffer;
}

/** Bad lines of a batch that are told one by one. */
export const REPORTED_BAD_LINES = 1_000;

/** More of a line than is shown. */
const SHOWN_CONTENT_BYTES = 1024;
const FULL_LINES = 1_000;
const FULL_BYTES = 4 * 1024 * 1024;

/**
 * The bad lines of one piece, all of them counted by reason. The first ones are there to be shown, by their beginnings;
 * those that the batch may have are there in full, to be written out for repair, until they are taken. A line may have
 * 1 MiB, and a batch may have any number of bad ones, so neither can be kept in memory to the end.
 */
export class BadLines {
  readonly shown: BadLine[] = [];
  readonly counts = new Map<string, number>();
  total = 0;
  readonly #allowed: number;
  #kept: BadLine[] = [];
  #keptBytes = 0;

  /** @param allowed bad lines that the batch may have; with more it fails, and none is needed in full. */
  constructor(allowed: number) {
    this.#allowed = allowed;
  }

  /**
   * Counts a bad line, and keeps a copy of it as far as it is needed.
   * @param line 1 for the first line of the piece.
   * @param content without its line break; of one that is too long only a beginning.
   */
  add(line: number, { column, reason }: Fault, content: Buffer, tooLong = false): void {
    this.total += 1;
    const key = column === null ? reason : `${column}: ${reason}`;
    this.counts.set(key, (this.counts.get(key) ?? 0) + 1);
    // Copies: the buffer that the line stands in is about to be let go or written over.
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

  /** There are so many lines in full, or such long ones, that they should be taken. */
  get isFull(): boolean {
    return this.#kept.length >= FULL_LINES || this.#keptBytes >= FULL_BYTES;
  }

  /** The lines in full since the last call; none once there are more than the batch may have. */
  takeKept(): BadLine[] {
    const kept = this.#kept;
    this.#kept = [];
    this.#keptBytes = 0;
    return kept;
  }
}
