import type { BadLines } from "./bad-lines.js";
import { GrowingBuffer } from "./growing-buffer.js";
import { MAX_LINE_BYTES } from "./limits.js";
import { type Fault, faultOfBytes } from "./line-to-price.js";
import type { Rows } from "./rows.js";

const LINE_FEED = 10;
const CARRIAGE_RETURN = 13;

/** Fewest bytes of a line that holds a price, its line break included: `AAAAA,BBBBB,2021-01-01,1`. */
export const LEAST_LINE_BYTES = 25;

/**
 * Turns chunks of bytes into rows and bad lines. Keeps what stands between two line breaks when a chunk ends within
 * it, but never more than 1 MiB. A format says how a line is read (`parseLine`) and may run through many ordinary
 * lines at once (`parseMany`).
 *
 * A line ends with LF or CR LF; the last one may end with the file. An empty line is skipped and counted.
 */
export abstract class LineSplitter {
  /** Lines so far, bad, empty and header lines included. */
  lines = 0;
  bytes = 0;
  protected readonly rows: Rows;
  readonly #bad: BadLines;
  readonly #rest = new GrowingBuffer();
  /** In a line over 1 MiB, whose other bytes are let go. */
  #skipping = false;

  constructor(rows: Rows, bad: BadLines) {
    this.rows = rows;
    this.#bad = bad;
  }

  /**
   * Parses a chunk of at most (capacity of the rows - 1) x {@link LEAST_LINE_BYTES} bytes, so that its rows fit in.
   * Nothing of it is kept by reference.
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

  /** To be called at the end of the piece: the last line may have no line break. */
  end(): void {
    if (this.#skipping) {
      this.#skipping = false;
    } else if (this.#rest.length > 0) {
      this.#parseOne(this.#rest.bytes);
    }
    this.#rest.clear();
  }

  /**
   * Adds rows of ordinary whole lines from `at` on, adds their number to `lines`, and returns where the first line
   * that it leaves to `parseLine` begins.
   */
  protected abstract parseMany(chunk: Buffer, at: number): number;

  /** Adds the row of one line, or says what is wrong with it. The line has valid UTF-8 and is not empty. */
  protected abstract parseLine(line: Buffer): Fault | null;

  /** Of 30 KB of zstd, a billion may come. */
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

  /** Puts what was left of the chunk before together with the beginning of this one; returns where to go on. */
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
    // Two more than the longest line: one for the return, one to tell that it is too long.
    if (this.#rest.length > MAX_LINE_BYTES + 2) {
      this.#parseOne(this.#rest.bytes);
      this.#rest.clear();
      this.#skipping = true;
    }
  }
}
