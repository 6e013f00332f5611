import type { BadLines } from "./bad-lines.js";
import type { Columns } from "./columns.js";
import { CsvParser } from "./csv-parser.js";
import { type Format, type Header, HeaderReader } from "./header-reader.js";
import type { LineSplitter } from "./line-splitter.js";
import { NdjsonParser } from "./ndjson-parser.js";
import type { PortTable } from "./port-table.js";
import type { Rows } from "./rows.js";

export interface PieceFormat {
  readonly format: Format;
  /** Columns of CSV whose header stands in another piece; null if the first line of this one is the header. */
  readonly columns: Columns | null;
  readonly ports: PortTable;
}

/** Turns the bytes of a piece, its header included, into rows and bad lines, which are taken out between two calls. */
export class PieceParser {
  readonly #piece: PieceFormat;
  readonly #rows: Rows;
  readonly #bad: BadLines;
  readonly #header: HeaderReader;
  /** Undefined until the header is read. */
  #lines: LineSplitter | undefined;

  constructor(piece: PieceFormat, rows: Rows, bad: BadLines) {
    this.#piece = piece;
    this.#rows = rows;
    this.#bad = bad;
    this.#header = new HeaderReader(piece.format, piece.columns);
  }

  /**
   * @param bytes so many that their rows fit in, see {@link LineSplitter.parse}; nothing of them is kept by reference.
   * @throws {HeaderError}
   */
  parse(bytes: Buffer): void {
    if (this.#lines) {
      this.#lines.parse(bytes);
      return;
    }
    const header = this.#header.read(bytes);
    if (header) this.#begin(header);
  }

  /**
   * To be called behind the last byte.
   * @throws {HeaderError}
   */
  end(): { readonly lines: number; readonly bytes: number } {
    const parser = this.#lines ?? this.#begin(this.#header.end());
    parser.end();
    return { lines: parser.lines, bytes: parser.bytes };
  }

  #begin({ columns, rest }: Header): LineSplitter {
    const { format, ports } = this.#piece;
    const parser =
      format === "csv"
        ? new CsvParser(columns, ports, this.#rows, this.#bad)
        : new NdjsonParser(ports, this.#rows, this.#bad);
    parser.lines = this.#header.lines;
    parser.bytes = this.#header.bytes - rest.length;
    parser.parse(rest);
    this.#lines = parser;
    return parser;
  }
}
