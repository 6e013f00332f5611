import { checkOut } from "../../database/check-out.js";
import type { Database } from "../../database/database.js";
import { Session } from "../../database/queries.js";
import { BadLines } from "../parse/bad-lines.js";
import { LEAST_LINE_BYTES } from "../parse/line-splitter.js";
import { type PieceFormat, PieceParser } from "../parse/piece-parser.js";
import { ROW_BYTES, Rows, type RowTotals } from "../parse/rows.js";
import { shareEventLoop } from "../pieces/share-event-loop.js";
import { BadLineWriter } from "./bad-line-writer.js";
import { LeaseLostError } from "./load-error.js";
import { beginPiece, commitPiece, finishPiece, holdBatch, limitIdleness, rollBackPiece } from "./piece.sql.js";
import { PriceSender } from "./price-sender.js";

export interface PieceToLoad extends PieceFormat {
  readonly batchId: number;
  readonly number: number;
  /** Who claimed the piece, and the attempt that the claim counted: both are checked before the commit. */
  readonly worker: string;
  readonly attempt: number;
  /** The lines of the piece, in chunks of any size. Throws at its end if they are not what was planned. */
  readonly chunks: AsyncIterable<Buffer>;
  /** Asked behind the last chunk for the SHA-256 of the bytes, where it was not known when the piece was claimed. */
  readonly digest?: () => string;
  /** Bad lines that the batch may have. A piece with more is not loaded, but checked to its end. */
  readonly maxBadRows: number;
  /** The batch will fail anyway: look for bad lines only. */
  readonly checkOnly?: boolean;
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
const CAPACITY = Math.ceil(SLICE_BYTES / LEAST_LINE_BYTES) + 2 + Math.ceil(SEND_BYTES / ROW_BYTES);

/**
 * Loads one piece in one transaction: its prices, its bad lines, and its own new state, or nothing of all that.
 * Memory does not grow with the piece. One attempt, as the chunks come once: the database's patience is not used.
 * @throws {LeaseLostError} if the piece is another worker's by now.
 * @throws {HeaderError} for a header that no line can be read with.
 * @throws what reading, or the database, throws, or the signal's reason; nothing of the piece is there then.
 */
export async function loadPiece(database: Database, piece: PieceToLoad): Promise<PieceResult> {
  const { signal } = database;
  signal.throwIfAborted();
  const { client, release } = await checkOut(database.pool);
  // A connection in the middle of a COPY is of no further use; without it the server rolls back.
  const abort = () => release(true);
  signal.addEventListener("abort", abort, { once: true });
  try {
    const result = await load(database.with({ patienceMs: 0 }), new Session(client), piece);
    release(false);
    return result;
  } catch (error) {
    release(true);
    signal.throwIfAborted();
    throw error;
  } finally {
    signal.removeEventListener("abort", abort);
  }
}

/**
 * Not {@link Database.transaction}, which watches for a server that says nothing: here the source may be slow for long.
 */
async function load(database: Database, session: Session, piece: PieceToLoad): Promise<PieceResult> {
  const rows = new Rows(piece.batchId, piece.number, CAPACITY);
  const bad = new BadLines(piece.checkOnly ? 0 : piece.maxBadRows);
  const parser = new PieceParser(piece, rows, bad);
  const prices = new PriceSender(database, session, piece, rows);
  const badLines = new BadLineWriter(session, piece, bad);
  /** Once the batch cannot succeed, the rest is only checked. */
  const onlyChecks = () => piece.checkOnly === true || bad.total > piece.maxBadRows;

  await session.run(beginPiece);
  for await (const slice of shareEventLoop(piece.chunks, SLICE_BYTES)) {
    database.signal.throwIfAborted();
    parser.parse(slice);
    if (onlyChecks()) rows.clear();
    else if (rows.length >= SEND_BYTES) await prices.send();
    if (bad.isFull) {
      await prices.pause();
      await badLines.layAside();
    }
  }
  const { lines, bytes } = parser.end();
  const loaded = !onlyChecks();
  if (loaded) await prices.send();
  await prices.pause();
  if (!loaded) {
    await session.run(rollBackPiece);
    await session.run(beginPiece);
  }
  await session.run(limitIdleness);
  await badLines.finish(loaded);
  const totals = loaded ? rows.totals : NOTHING;
  const result = { loaded, rejected: bad.total, lines, bytes, ...totals };
  await finish(session, piece, result);
  return result;
}

/** Commits, if the piece is still ours and its batch is still being loaded. */
async function finish(session: Session, piece: PieceToLoad, result: PieceResult): Promise<void> {
  const { batchId, number, worker, attempt, digest } = piece;
  const { loaded, rows, rejected, lines, bytes, priceSum, checksum, months } = result;
  const held = await session.run(holdBatch, { batchId });
  const finished = await session.run(finishPiece, {
    batchId,
    number,
    worker,
    attempt,
    state: loaded ? "loaded" : "failed",
    rows,
    rejected,
    lines,
    priceSum: priceSum.toString(),
    checksum,
    months,
    bytes,
    digest: digest?.() ?? null,
  });
  if (held !== 1 || finished !== 1) throw new LeaseLostError(batchId, number);
  await session.run(commitPiece);
}
