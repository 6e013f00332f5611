import type { Fault } from "./fields.js";

/** A line that cannot be loaded. */
export interface BadLine extends Fault {
  /** 1 for the first line of the piece. */
  readonly line: number;
  /** The line without its line break; only the beginning of one over 1 MiB. */
  readonly content: Buffer;
}

/** Bad lines that are always told in full. */
export const REPORTED_BAD_LINES = 1_000;

const LONGEST_CONTENT_BYTES = 1024;

/** The bad lines of one piece: the first ones in full, all of them counted by reason. */
export class BadLines {
  readonly kept: BadLine[] = [];
  readonly counts = new Map<string, number>();
  total = 0;
  readonly #allowed: number;

  /**
   * @param allowed bad lines that the batch may have. Up to that many must be kept, to be written out for repair;
   * with more the batch fails and the first ones are enough.
   */
  constructor(allowed: number) {
    this.#allowed = allowed;
  }

  add(line: number, { column, reason }: Fault, content: Buffer, tooLong = false): void {
    this.total += 1;
    const key = column === null ? reason : `${column}: ${reason}`;
    this.counts.set(key, (this.counts.get(key) ?? 0) + 1);
    if (this.kept.length < Math.max(REPORTED_BAD_LINES, this.#allowed)) {
      // A copy: the buffer that the line stands in is about to be let go or written over.
      this.kept.push({
        line,
        column,
        reason,
        content: Buffer.from(tooLong ? content.subarray(0, LONGEST_CONTENT_BYTES) : content),
      });
    }
  }
}
