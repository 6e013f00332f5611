import type pg from "pg";
import { checkOut } from "../../database/check-out.js";
import { CopyIn } from "../../database/copy-in.js";
import { type BadLine, BadLines } from "../parse/bad-lines.js";
import type { Columns } from "../parse/columns.js";
import { CsvParser } from "../parse/csv-parser.js";
import { type Format, HeaderReader } from "../parse/header-reader.js";
import { LEAST_LINE_BYTES, type LineParser } from "../parse/line-parser.js";
import { NdjsonParser } from "../parse/ndjson-parser.js";
import type { PortTable } from "../parse/port-table.js";
import { ROW_BYTES, Rows, type RowTotals } from "../parse/rows.js";
import { shareEventLoop } from "../pieces/share-event-loop.js";
import { ensureMonths } from "./ensure-months.js";
import { LeaseLostError } from "./load-error.js";
import {
  beginPiece,
  copyPrices,
  finishPiece,
  holdBatch,
  insertBadLineCounts,
  insertBadLines,
  limitIdleness,
  moveBadLines,
} from "./piece.sql.js";

export interface PieceToLoad {
  readonly batchId: number;
  readonly number: number;
  /** Who claimed the piece, and the attempt that the claim counted: both are checked before the commit. */
  readonly worker: string;
  readonly attempt: number;
  /** The lines of the piece, in chunks of any size. Throws at its end if they are not what was planned. */
  readonly chunks: AsyncIterable<Buffer>;
  readonly format: Format;
  /** Columns of CSV whose header stands in another piece; null if the first line of this one is the header. */
  readonly columns: Columns | null;
  readonly ports: PortTable;
  /** Bad lines that the batch may have. A piece with more is not loaded, but checked to its end. */
  readonly maxBadRows: number;
  /** The batch will fail anyway: look for bad lines only. */
  readonly checkOnly?: boolean;
  readonly signal?: AbortSignal;
}

export interface PieceResult {
  /** False if the piece was only checked. */
  readonly loaded: boolean;
  readonly rows: number;
  readonly rejected: number;
  readonly lines: number;
  readonly bytes: number;
  readonly priceSum: bigint;
  readonly checksum: string;
  readonly months: readonly string[];
}

/** What a piece that was only checked has put into the database. */
const NOTHING: RowTotals = { rows: 0, priceSum: 0n, checksum: "0".repeat(16), months: [] };

/** Most bytes that are parsed before rows and bad lines are looked at: of bad lines of one byte, 10 MB in memory. */
const SLICE_BYTES = 64 * 1024;
/**
 * Rows are sent when there are this many bytes of them. 64 KiB is the least that {@link CopyIn} allows to be written
 * over; figures in bench/ingest.ts show no gain above.
 */
const SEND_BYTES = 128 * 1024;
const BAD_LINES_PER_STATEMENT = 1_000;
/**
 * Of each, two locks are held until the piece is loaded, and those of all sessions together share one table of a few
 * thousand: with all the months that there may be, nobody else would get any.
 */
const MOST_MONTHS = 120;
const CAPACITY = Math.ceil(SLICE_BYTES / LEAST_LINE_BYTES) + 2 + Math.ceil(SEND_BYTES / ROW_BYTES);

/**
 * Loads one piece in one transaction: its prices, its bad lines, and its own new state, or nothing of all that.
 * Memory does not grow with the piece. Two buffers of rows take turns, so that parsing and sending overlap.
 *
 * @throws {LeaseLostError} if the piece is somebody else's by now.
 * @throws {HeaderError} for a header that no line can be read with.
 * @throws what reading, or the database, throws; nothing of the piece is there then.
 */
export async function loadPiece(pool: pg.Pool, piece: PieceToLoad): Promise<PieceResult> {
  const { signal } = piece;
  signal?.throwIfAborted();
  const { client, release } = await checkOut(pool);
  // A connection in the middle of a COPY is of no further use; without it the server rolls back.
  const abort = () => release(true);
  signal?.addEventListener("abort", abort, { once: true });
  try {
    const result = await new PieceLoad(pool, client, piece).run();
    release(false);
    return result;
  } catch (error) {
    release(true);
    signal?.throwIfAborted();
    throw error;
  } finally {
    signal?.removeEventListener("abort", abort);
  }
}

class PieceLoad {
  readonly #pool: pg.Pool;
  readonly #client: pg.PoolClient;
  readonly #piece: PieceToLoad;
  readonly #rows: Rows;
  readonly #bad: BadLines;
  /** Holds the rows on their way while the other buffer is filled. */
  #spare: Buffer;
  #copy: CopyIn | null = null;
  /** Where the rows go: aside, once they are of a month that is not to be had, or of too many. */
  #table: "prices" | "prices_aside" = "prices";
  #months = 0;
  /** Bad lines are laid aside. */
  #aside = false;

  constructor(pool: pg.Pool, client: pg.PoolClient, piece: PieceToLoad) {
    this.#pool = pool;
    this.#client = client;
    this.#piece = piece;
    this.#rows = new Rows(piece.batchId, piece.number, CAPACITY);
    this.#spare = this.#rows.createBuffer();
    this.#bad = new BadLines(piece.checkOnly ? 0 : piece.maxBadRows);
  }

  async run(): Promise<PieceResult> {
    await this.#client.query(beginPiece);
    const { lines, bytes } = await this.#parse();
    const loaded = !this.#isLost();
    if (loaded) {
      await this.#send();
      await this.#finishCopy();
    } else {
      await this.#finishCopy();
      await this.#client.query("ROLLBACK");
      await this.#client.query(beginPiece);
    }
    await this.#client.query(limitIdleness);
    const { rows, priceSum, checksum, months } = loaded ? this.#rows.totals : NOTHING;
    await this.#writeBadLines(loaded);
    const { batchId, number, worker, attempt } = this.#piece;
    const held = await this.#client.query(holdBatch, [batchId]);
    const finished = await this.#client.query(finishPiece, [
      batchId,
      number,
      worker,
      attempt,
      loaded ? "loaded" : "failed",
      rows,
      this.#bad.total,
      lines,
      priceSum.toString(),
      checksum,
      months,
      bytes,
    ]);
    if (held.rowCount !== 1 || finished.rowCount !== 1) throw new LeaseLostError(batchId, number);
    await this.#client.query("COMMIT");
    return { loaded, rows, rejected: this.#bad.total, lines, bytes, priceSum, checksum, months };
  }

  /** True once the batch cannot succeed: from there on the rest is only checked. */
  #isLost(): boolean {
    return this.#piece.checkOnly === true || this.#bad.total > this.#piece.maxBadRows;
  }

  async #parse(): Promise<{ lines: number; bytes: number }> {
    const reader = new HeaderReader(this.#piece.format, this.#piece.columns);
    let parser: LineParser | undefined;
    for await (const slice of shareEventLoop(this.#piece.chunks, SLICE_BYTES)) {
      this.#piece.signal?.throwIfAborted();
      let rest = slice;
      if (parser === undefined) {
        const read = reader.read(slice);
        if (read === null) continue;
        parser = this.#createParser(read.columns);
        parser.lines = reader.lines;
        parser.bytes = reader.bytes - read.rest.length;
        rest = read.rest;
      }
      parser.parse(rest);
      if (this.#rows.length >= SEND_BYTES) await this.#send();
      if (this.#bad.isFull) await this.#layBadLinesAside();
    }
    if (parser === undefined) {
      const read = reader.end();
      parser = this.#createParser(read.columns);
      parser.lines = reader.lines;
      parser.bytes = reader.bytes - read.rest.length;
      parser.parse(read.rest);
    }
    parser.end();
    return { lines: parser.lines, bytes: parser.bytes };
  }

  #createParser(columns: Columns): LineParser {
    const { format, ports } = this.#piece;
    return format === "csv"
      ? new CsvParser(columns, ports, this.#rows, this.#bad)
      : new NdjsonParser(ports, this.#rows, this.#bad);
  }

  /** Hands the rows so far to the server, as soon as it has taken those before. */
  async #send(): Promise<void> {
    const rows = this.#rows;
    if (this.#isLost()) {
      rows.clear();
      return;
    }
    if (rows.newMonths.length > 0) await this.#holdNewMonths();
    if (rows.length === 0) return;
    this.#copy ??= new CopyIn(this.#client, copyPrices(this.#table));
    const full = rows.buffer;
    await this.#copy.write(full.subarray(0, rows.length));
    rows.buffer = this.#spare;
    this.#spare = full;
    rows.clear();
  }

  async #holdNewMonths(): Promise<void> {
    const months = this.#rows.newMonths;
    this.#rows.newMonths = [];
    if (this.#table === "prices_aside") return;
    // A COPY that runs does not see partitions that were made after it began.
    await this.#finishCopy();
    this.#months += months.length;
    const held = this.#months <= MOST_MONTHS && (await ensureMonths(this.#pool, months, this.#piece));
    if (!held) this.#table = "prices_aside";
  }

  async #finishCopy(): Promise<void> {
    await this.#copy?.finish();
    this.#copy = null;
  }

  async #layBadLinesAside(): Promise<void> {
    await this.#finishCopy();
    this.#aside = true;
    await this.#insertBadLines("bad_lines_aside", this.#bad.takeKept());
  }

  async #writeBadLines(loaded: boolean): Promise<void> {
    const { batchId, number } = this.#piece;
    if (loaded && this.#aside) await this.#client.query(moveBadLines, [batchId, number]);
    await this.#insertBadLines("bad_lines", loaded ? this.#bad.takeKept() : this.#bad.shown);
    const { counts } = this.#bad;
    if (counts.size > 0) {
      await this.#client.query(insertBadLineCounts, [batchId, number, [...counts.keys()], [...counts.values()]]);
    }
  }

  async #insertBadLines(table: "bad_lines" | "bad_lines_aside", lines: readonly BadLine[]): Promise<void> {
    const { batchId, number } = this.#piece;
    for (let at = 0; at < lines.length; at += BAD_LINES_PER_STATEMENT) {
      const some = lines.slice(at, at + BAD_LINES_PER_STATEMENT);
      await this.#client.query(insertBadLines(table), [
        batchId,
        number,
        some.map((bad) => bad.line),
        some.map((bad) => bad.column),
        some.map((bad) => bad.reason),
        some.map((bad) => bad.content),
      ]);
    }
  }
}
