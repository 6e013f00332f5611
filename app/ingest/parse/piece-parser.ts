import type { BadLines } from "./bad-lines.js";
import type { Columns } from "./columns.js";
import { CsvParser } from "./csv-parser.js";
import { type Format, type Header, HeaderReader } from "./header-reader.js";
import type { LineSplitter } from "./line-splitter.js";
import { NdjsonParser } from "./ndjson-parser.js";
import type { PortTable } from "./port-table.js";
import type { Rows } from "./rows.js";

/** How the bytes of a piece are read. */
export interface PieceFormat {
  readonly format: Format;
  /** The columns of CSV, if the header stands in another piece; null if the first line of this piece is the header. */
  readonly columns: Columns | null;
  readonly ports: PortTable;
}

/**
 * Turns the bytes of a piece, including its header, into rows and bad lines. The caller takes the rows and lines out
 * between two calls.
 */
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
   * Parses the next bytes of the piece.
   * @param bytes few enough that their rows fit into the buffer, see {@link LineSplitter.parse}. They may be written
   * over afterwards.
   * @throws {HeaderError} if the header cannot be read.
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
   * Call this after the last byte.
   * @returns the number of lines and bytes of the piece.
   * @throws {HeaderError} if the header cannot be read, or if there is none.
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
