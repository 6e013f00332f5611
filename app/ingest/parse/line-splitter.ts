import type { BadLines } from "./bad-lines.js";
import { GrowingBuffer } from "./growing-buffer.js";
import { MAX_LINE_BYTES } from "./limits.js";
import { type Fault, faultOfBytes } from "./line-to-price.js";
import type { Rows } from "./rows.js";

const LINE_FEED = 10;
const CARRIAGE_RETURN = 13;

/** Fewest bytes of a line with a price, including its line break: `AAAAA,BBBBB,2021-01-01,1`. */
export const LEAST_LINE_BYTES = 25;

/**
 * Turns chunks of bytes into rows and bad lines. If a chunk ends in the middle of a line, the beginning of the line is
 * kept for the next chunk, but never more than 1 MiB. A subclass for each format reads a line (`parseLine`), and may
 * read many ordinary lines at once (`parseMany`).
 *
 * A line ends with LF or CR LF; the last line may end with the file. An empty line is skipped and counted.
 */
export abstract class LineSplitter {
  /** Number of lines so far, including bad lines, empty lines and the header. */
  lines = 0;
  bytes = 0;
  protected readonly rows: Rows;
  readonly #bad: BadLines;
  readonly #rest = new GrowingBuffer();
  /** True in the middle of a line over 1 MiB, the rest of which is dropped. */
  #skipping = false;

  constructor(rows: Rows, bad: BadLines) {
    this.rows = rows;
    this.#bad = bad;
  }

  /**
   * Parses a chunk. The chunk may have at most (capacity of the rows - 1) x {@link LEAST_LINE_BYTES} bytes, so that its
   * rows fit into the buffer. The chunk may be written over afterwards.
   */
  parse(chunk: Buffer): void {
    this.bytes += chunk.length;
    let at = this.#finishRest(chunk);
    while (at < chunk.length) {
      at = this.#skipEmptyLines(chunk, this.parseMany(chunk, at));
      if (at === chunk.length) return;
      const end = chunk.indexOf(LINE_FEED, at);
      if (end === -1) {
        this.#keepRest(chunk.subarray(at));
        return;
      }
      this.#parseOne(chunk.subarray(at, end));
      at = end + 1;
    }
  }

  /** Parses the last line, which may have no line break. Call this at the end of the piece. */
  end(): void {
    if (this.#skipping) {
      this.#skipping = false;
    } else if (this.#rest.length > 0) {
      this.#parseOne(this.#rest.bytes);
    }
    this.#rest.clear();
  }

  /**
   * Adds the rows of ordinary whole lines from `at` on, and their number to `lines`.
   * @returns where the first line begins that is left to `parseLine`.
   */
  protected abstract parseMany(chunk: Buffer, at: number): number;

  /** Adds the row of one line, or returns what is wrong with the line. The line is valid UTF-8 and not empty. */
  protected abstract parseLine(line: Buffer): Fault | null;

  /** Skips and counts empty lines, quickly: 30 KB of zstd may hold a billion of them. */
  #skipEmptyLines(chunk: Buffer, from: number): number {
    let at = from;
    for (; ; this.lines += 1) {
      if (chunk[at] === LINE_FEED) at += 1;
      else if (chunk[at] === CARRIAGE_RETURN && chunk[at + 1] === LINE_FEED) at += 2;
      else return at;
    }
  }

  #parseOne(withReturn: Buffer): void {
    this.lines += 1;
    const line = withReturn.at(-1) === CARRIAGE_RETURN ? withReturn.subarray(0, -1) : withReturn;
    if (line.length === 0) return;
    const fault = faultOfBytes(line) ?? this.parseLine(line);
    if (fault) this.#bad.add(this.lines, fault, line, line.length > MAX_LINE_BYTES);
  }

  /** Finishes the line that the chunk before had begun. Returns where the next line begins. */
  #finishRest(chunk: Buffer): number {
    if (this.#rest.length === 0 && !this.#skipping) return 0;
    const end = chunk.indexOf(LINE_FEED);
    if (end === -1) {
      this.#keepRest(chunk);
      return chunk.length;
    }
    if (this.#skipping) {
      this.#skipping = false;
    } else {
      this.#rest.append(chunk.subarray(0, end));
      this.#parseOne(this.#rest.bytes);
      this.#rest.clear();
    }
    return end + 1;
  }

  #keepRest(bytes: Buffer): void {
    if (this.#skipping) return;
    this.#rest.append(bytes);
    // Two bytes more than the longest line: one for the carriage return, and one that shows that the line is too long.
    if (this.#rest.length > MAX_LINE_BYTES + 2) {
      this.#parseOne(this.#rest.bytes);
      this.#rest.clear();
      this.#skipping = true;
    }
  }
}
