import { MAX_LINE_BYTES } from "../parse/limits.js";

const LINE_FEED = 10;
/** What is kept of a line over 1 MiB: enough to see that it is, with its line break or without. */
const LONG_LINE_BYTES = MAX_LINE_BYTES + 3;

/** Whole lines cut from a stream. */
export interface Cut {
  readonly number: number;
  /** Bytes of the stream that it stands for. */
  readonly from: number;
  readonly to: number;
  /** Its lines; of one over 1 MiB only a beginning that is over 1 MiB, too. */
  readonly lines: Buffer;
  /** To be called when `lines` are not needed any more: the memory is used again. */
  release(): void;
}

/**
 * Cuts a stream into pieces of at most `pieceBytes`, each ending with a line break (a line longer than that makes a
 * longer piece). The same stream is cut in the same way each time; `knownEnds` are where an earlier stream cut it,
 * perhaps with another size.
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

/** Collects bytes until they make a piece. */
class StreamCutter {
  readonly #pieceBytes: number;
  readonly #knownEnds: readonly number[];
  readonly #capacity: number;
  /** Buffers of pieces that were released. */
  readonly #free: Buffer[] = [];
  #buffer: Buffer;
  /** Bytes of the buffer that are filled. */
  #length = 0;
  /** Of the next piece: its number, and where it begins in the stream. */
  #number = 0;
  #from = 0;
  /** Bytes of the stream so far. */
  #position = 0;
  /** In a line over 1 MiB, whose other bytes are let go. */
  #dropping = false;

  constructor(pieceBytes: number, knownEnds: readonly number[]) {
    this.#pieceBytes = pieceBytes;
    this.#knownEnds = knownEnds;
    // So that a line of exactly 1 MiB has room for its line break.
    this.#capacity = Math.max(pieceBytes, LONG_LINE_BYTES + 1);
    this.#buffer = Buffer.allocUnsafeSlow(this.#capacity);
  }

  /** Takes bytes of the chunk from `at` on, none beyond the end of the piece. @returns where they end. */
  take(chunk: Buffer, at: number): number {
    const from = this.#dropping ? this.#drop(chunk, at) : at;
    if (this.#dropping) return from;
    const bytes = Math.min(this.#wanted(chunk, from), this.#buffer.length - this.#length);
    chunk.copy(this.#buffer, this.#length, from, from + bytes);
    this.#length += bytes;
    this.#position += bytes;
    return from + bytes;
  }

  /** The piece, if its end is there. */
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

  /** What is left at the end of the stream; a stream without a byte is one piece, too. */
  end(): Cut | null {
    return this.#length > 0 || this.#number === 0 ? this.#cut(this.#length) : null;
  }

  /** Lets go of the rest of a long line, up to its line break. @returns where that is, or the end of the chunk. */
  #drop(chunk: Buffer, at: number): number {
    const lineEnd = chunk.indexOf(LINE_FEED, at);
    const end = lineEnd === -1 ? chunk.length : lineEnd;
    this.#position += end - at;
    this.#dropping = lineEnd === -1;
    return end;
  }

  /** How many bytes of the chunk are of this piece, as far as can be told. */
  #wanted(chunk: Buffer, at: number): number {
    const left = chunk.length - at;
    const knownEnd = this.#knownEnds[this.#number];
    if (knownEnd !== undefined) return Math.min(left, Math.max(0, knownEnd - this.#position));
    if (this.#length < this.#pieceBytes) return Math.min(left, this.#pieceBytes - this.#length);
    // A line that is longer than a piece makes a longer piece.
    const lineEnd = chunk.indexOf(LINE_FEED, at);
    return lineEnd === -1 ? left : lineEnd + 1 - at;
  }

  /** Cuts behind so many bytes of the buffer, and goes on with the others in another one. */
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
