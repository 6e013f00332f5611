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

/** A piece that a worker has claimed, with its bytes and the rules of its batch. */
export interface PieceToLoad extends PieceFormat {
  readonly batchId: number;
  readonly number: number;
  /** The worker that claimed the piece, and the attempt that the claim counted. Both are checked before the commit. */
  readonly worker: string;
  readonly attempt: number;
  /**
   * The lines of the piece, in chunks of any size. Throws after the last chunk if the source has changed since it was
   * planned.
   */
  readonly chunks: AsyncIterable<Buffer>;
  /**
   * Called after the last chunk; returns the SHA-256 of the bytes. Given only if it was not known when the piece was
   * claimed.
   */
  readonly digest?: () => string;
  /**
   * Bad lines that the batch may have. If a piece has more, none of its prices are loaded, but all of its lines are
   * checked.
   */
  readonly maxBadRows: number;
  /** True if the batch will fail in any case: then lines are only checked. */
  readonly checkOnly?: boolean;
}

/** What a piece holds, and whether its prices were loaded. */
export interface PieceResult {
  /** False if the lines of the piece were only checked. */
  readonly loaded: boolean;
  readonly rows: number;
  readonly rejected: number;
  readonly lines: number;
  readonly bytes: number;
  readonly priceSum: bigint;
  readonly checksum: string;
  readonly months: readonly string[];
}

/** Totals of a piece that was only checked: none of its prices are in the database. */
const NOTHING: RowTotals = { rows: 0, priceSum: 0n, checksum: "0".repeat(16), months: [] };

/**
 * Most bytes that are parsed at once, before rows are sent and bad lines are laid aside. Bad lines of one byte each
 * then take 10 MB of memory.
 */
export const SLICE_BYTES = 64 * 1024;
/** Most rows of a slice. */
export const SLICE_ROWS = Math.ceil(SLICE_BYTES / LEAST_LINE_BYTES) + 2;
/**
 * Rows are sent once they have this many bytes. {@link CopyIn} lets a buffer be written over only if it has at least 64
 * KiB; measured with bench/ingest.ts, more bytes bring no gain.
 */
const SEND_BYTES = 128 * 1024;
const CAPACITY = SLICE_ROWS + Math.ceil(SEND_BYTES / ROW_BYTES);

/**
 * Loads one piece in one transaction: its prices, its bad lines and its new state, or nothing of it. Memory does not
 * grow with the piece. This is a single attempt, without the patience of the database, because the chunks can be read
 * only once.
 * @throws {LeaseLostError} if the piece belongs to another worker by now, or its batch has ended.
 * @throws {HeaderError} for a header with which no line can be read.
 * @throws the error of the source or the database, or the signal's reason. Nothing of the piece is loaded then.
 */
export async function loadPiece(database: Database, piece: PieceToLoad): Promise<PieceResult> {
  const { signal } = database;
  signal.throwIfAborted();
  const { client, release } = await checkOut(database.pool);
  // A connection in the middle of a COPY cannot be used again. It is closed, and the server rolls back.
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
 * Does not use {@link Database.transaction}, which gives up if the server is silent for long: here the source may be
 * slow.
 */
async function load(database: Database, session: Session, piece: PieceToLoad): Promise<PieceResult> {
  const rows = new Rows(piece.batchId, piece.number, CAPACITY);
  const bad = new BadLines(piece.checkOnly ? 0 : piece.maxBadRows);
  const parser = new PieceParser(piece, rows, bad);
  const prices = new PriceSender(database, session, piece, rows);
  const badLines = new BadLineWriter(session, piece, bad);
  /** True once the batch cannot succeed: from then on, lines are only checked. */
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

/**
 * Commits, if the piece still belongs to this worker and its batch is still being loaded.
 * @throws {LeaseLostError} if not.
 */
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
