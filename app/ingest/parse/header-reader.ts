import { bomLength, COLUMN_NAMES, type Columns, HeaderError, readHeader } from "./columns.js";
import { GrowingBuffer } from "./growing-buffer.js";
import { MAX_LINE_BYTES } from "./limits.js";
import { faultOfBytes } from "./line-to-price.js";

export type Format = "csv" | "ndjson";

const LINE_FEED = 10;
const CARRIAGE_RETURN = 13;
const BOM_BYTES = 3;

/** What stands behind the header: of CSV, its columns; NDJSON names them on each line, so any order does. */
export interface Header {
  readonly columns: Columns;
  readonly rest: Buffer;
}

/** Reads the header of a piece, in chunks of any size: a byte order mark and, in CSV, the first line. */
export class HeaderReader {
  /** Bytes it was given. */
  bytes = 0;
  /** 1 once a header line was read. */
  lines = 0;
  readonly #format: Format;
  readonly #columns: Columns | null;
  readonly #read = new GrowingBuffer();

  /** @param columns not null if they are known and the piece begins with a price. */
  constructor(format: Format, columns: Columns | null) {
    this.#format = format;
    this.#columns = columns;
  }

  /**
   * @returns null while there is too little.
   * @throws {HeaderError}
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

  /** To be called when there are no more chunks. */
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
