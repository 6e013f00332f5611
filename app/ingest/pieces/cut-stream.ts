import { MAX_LINE_BYTES } from "../parse/limits.js";

const LINE_FEED = 10;
/**
 * Bytes that are kept of a line over 1 MiB: enough to see that the line is too long, with its line break or without.
 */
const LONG_LINE_BYTES = MAX_LINE_BYTES + 3;

/** A piece of a stream: whole lines. */
export interface Cut {
  readonly number: number;
  /** The bytes of the stream that the piece stands for: `from` is inclusive, `to` is exclusive. */
  readonly from: number;
  readonly to: number;
  /** The lines of the piece. Of a line over 1 MiB only the beginning is there, which is still longer than 1 MiB. */
  readonly lines: Buffer;
  /** Call this when `lines` are not needed any more: their memory is then used again. */
  release(): void;
}

/**
 * Cuts a stream into pieces of at most `pieceBytes` bytes, each ending with a line break. A line that is longer makes a
 * longer piece. The same stream is cut in the same way each time.
 * @param knownEnds where an earlier reading cut the stream, perhaps with another `pieceBytes`. The stream is cut there
 * again.
 */
export async function* cutStream(
  chunks: AsyncIterable<Buffer>,
  pieceBytes: number,
  knownEnds: readonly number[] = [],
): AsyncGenerator<Cut> {
  const cutter = new StreamCutter(pieceBytes, knownEnds);
  for await (const chunk of chunks) {
    for (let at = 0; at < chunk.length; ) {
      at = cutter.take(chunk, at);
      const cut = cutter.next();
      if (cut) yield cut;
    }
  }
  const last = cutter.end();
  if (last) yield last;
}

/** Collects bytes until they make up a piece. */
class StreamCutter {
  readonly #pieceBytes: number;
  readonly #knownEnds: readonly number[];
  readonly #capacity: number;
  /** Buffers of pieces that were released. */
  readonly #free: Buffer[] = [];
  #buffer: Buffer;
  /** Number of bytes in the buffer. */
  #length = 0;
  /** Number of the next piece, and where it begins in the stream. */
  #number = 0;
  #from = 0;
  /** Bytes of the stream that were taken so far. */
  #position = 0;
  /** True in the middle of a line over 1 MiB, the rest of which is dropped. */
  #dropping = false;

  constructor(pieceBytes: number, knownEnds: readonly number[]) {
    this.#pieceBytes = pieceBytes;
    this.#knownEnds = knownEnds;
    // A line of exactly 1 MiB needs room for its line break.
    this.#capacity = Math.max(pieceBytes, LONG_LINE_BYTES + 1);
    this.#buffer = Buffer.allocUnsafeSlow(this.#capacity);
  }

  /**
   * Takes bytes of the chunk from `at` on, but none beyond the end of the piece.
   * @returns where the bytes that were taken end.
   */
  take(chunk: Buffer, at: number): number {
    const from = this.#dropping ? this.#drop(chunk, at) : at;
    if (this.#dropping) return from;
    const bytes = Math.min(this.#wanted(chunk, from), this.#buffer.length - this.#length);
    chunk.copy(this.#buffer, this.#length, from, from + bytes);
    this.#length += bytes;
    this.#position += bytes;
    return from + bytes;
  }

  /** The piece, once it is complete; otherwise null. */
  next(): Cut | null {
    if (this.#dropping) return null;
    const knownEnd = this.#knownEnds[this.#number];
    if (knownEnd !== undefined && this.#position >= knownEnd) return this.#cut(this.#length);
    const full = this.#length === this.#buffer.length;
    if (knownEnd === undefined ? this.#length < this.#pieceBytes : !full) return null;
    const lineBytes = this.#buffer.subarray(0, this.#length).lastIndexOf(LINE_FEED) + 1;
    if (lineBytes > 0 && knownEnd === undefined) return this.#cut(lineBytes);
    if (lineBytes > 0) {
      this.#buffer = Buffer.concat([this.#buffer], this.#buffer.length * 2);
    } else if (full) {
      this.#dropping = true;
      this.#length = LONG_LINE_BYTES;
    }
    return null;
  }

  /** The last piece, at the end of the stream. A stream without bytes is one piece, too. */
  end(): Cut | null {
    return this.#length > 0 || this.#number === 0 ? this.#cut(this.#length) : null;
  }

  /**
   * Drops the rest of a line that is too long, up to its line break.
   * @returns where the line break is, or the end of the chunk.
   */
  #drop(chunk: Buffer, at: number): number {
    const lineEnd = chunk.indexOf(LINE_FEED, at);
    const end = lineEnd === -1 ? chunk.length : lineEnd;
    this.#position += end - at;
    this.#dropping = lineEnd === -1;
    return end;
  }

  /** How many bytes of the chunk belong to this piece, as far as is known yet. */
  #wanted(chunk: Buffer, at: number): number {
    const left = chunk.length - at;
    const knownEnd = this.#knownEnds[this.#number];
    if (knownEnd !== undefined) return Math.min(left, Math.max(0, knownEnd - this.#position));
    if (this.#length < this.#pieceBytes) return Math.min(left, this.#pieceBytes - this.#length);
    // A line that is longer than a piece makes a longer piece.
    const lineEnd = chunk.indexOf(LINE_FEED, at);
    return lineEnd === -1 ? left : lineEnd + 1 - at;
  }

  /** Makes a piece of the first `lineBytes` bytes of the buffer, and moves the other bytes to another buffer. */
  #cut(lineBytes: number): Cut {
    const full = this.#buffer;
    const rest = this.#length - lineBytes;
    this.#buffer = this.#free.pop() ?? Buffer.allocUnsafeSlow(Math.max(this.#capacity, rest));
    full.copy(this.#buffer, 0, lineBytes, this.#length);
    this.#length = rest;
    const cut: Cut = {
      number: this.#number,
      from: this.#from,
      to: this.#position - rest,
      lines: full.subarray(0, lineBytes),
      release: () => {
        if (full.length === this.#capacity) this.#free.push(full);
      },
    };
    this.#number += 1;
    this.#from = cut.to;
    return cut;
  }
}
