import { bomLength, COLUMN_NAMES, type Columns, HeaderError, readHeader } from "./columns.js";
import { GrowingBuffer } from "./growing-buffer.js";
import { MAX_LINE_BYTES } from "./limits.js";
import { faultOfBytes } from "./line-to-price.js";

/** The format of the lines of a delivery. */
export type Format = "csv" | "ndjson";

const LINE_FEED = 10;
const CARRIAGE_RETURN = 13;
const BOM_BYTES = 3;

/**
 * A header that was read, and the bytes behind it (`rest`). NDJSON has no header: each line names its columns, so
 * `columns` may have any order.
 */
export interface Header {
  readonly columns: Columns;
  readonly rest: Buffer;
}

/** Reads the header of a piece from chunks of any size: a byte order mark and, in CSV, the first line. */
export class HeaderReader {
  /** Bytes that were given to `read`. */
  bytes = 0;
  /** 1 once a header line was read; otherwise 0. */
  lines = 0;
  readonly #format: Format;
  readonly #columns: Columns | null;
  readonly #read = new GrowingBuffer();

  /**
   * @param columns the columns, if they are known because the header stands in another piece; null if this piece begins
   * with its header.
   */
  constructor(format: Format, columns: Columns | null) {
    this.#format = format;
    this.#columns = columns;
  }

  /**
   * Takes the next chunk.
   * @returns null until the header is complete.
   * @throws {HeaderError} if the header cannot be read.
   */
  read(chunk: Buffer): Header | null {
    this.bytes += chunk.length;
    if (this.#columns) return { columns: this.#columns, rest: chunk };
    this.#read.append(chunk);
    if (this.#format === "ndjson") return this.#read.length < BOM_BYTES ? null : this.end();
    if (chunk.includes(LINE_FEED)) return this.end();
    if (this.#read.length > MAX_LINE_BYTES) throw new HeaderError("the header is longer than 1 MiB");
    return null;
  }

  /**
   * Reads the header from what was given; call this when there are no more chunks.
   * @throws {HeaderError} if the header cannot be read, or if there is none.
   */
  end(): Header {
    const read = this.#read.bytes;
    if (this.#columns) return { columns: this.#columns, rest: read };
    const bytes = read.subarray(bomLength(read));
    if (this.#format === "ndjson") return { columns: COLUMN_NAMES, rest: bytes };
    if (bytes.length === 0) throw new HeaderError("it is empty");
    const found = bytes.indexOf(LINE_FEED);
    const end = found === -1 ? bytes.length : found;
    const line = bytes.subarray(0, bytes[end - 1] === CARRIAGE_RETURN ? end - 1 : end);
    const fault = faultOfBytes(line);
    if (fault) throw new HeaderError(`the header cannot be read: ${fault.reason}`);
    this.lines = 1;
    const columns = readHeader(line);
    return { columns, rest: bytes.subarray(Math.min(bytes.length, end + 1)) };
  }
}
