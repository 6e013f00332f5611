import { createHash, type Hash, randomUUID } from "node:crypto";
import type pg from "pg";
import { BatchNotFoundError, BatchStateError } from "../../batches/batch-error.js";
import type { BatchState } from "../../batches/batch-state.js";
import { failBatch } from "../../batches/fail.js";
import { Database } from "../../database/database.js";
import { shortStatement } from "../../database/short-statement.js";
import { inTransaction } from "../../database/transaction.js";
import { LeaseLostError } from "../load/load-error.js";
import { loadPiece, type PieceResult } from "../load/load-piece.js";
import type { Format } from "../parse/header-reader.js";
import type { PortTable } from "../parse/port-table.js";
import { compressionOf, decompress, MAGIC_BYTES } from "../sources/compression.js";
import { peek } from "../sources/peek.js";
import {
  checkUpload,
  claimUploaded,
  closeUpload,
  dropUploaded,
  findUpload,
  forgetBadLineCounts,
  forgetBadLines,
  insertUpload,
  listAbandoned,
  listUnpublished,
  lockUpload,
  setDigest,
  showUploaded,
} from "./upload.sql.js";
import {
  BadRowsError,
  IncompleteUploadError,
  PieceConflictError,
  PieceTooLargeError,
  UploadConflictError,
} from "./upload-error.js";

export interface NewUpload {
  /** Whether it comes in pieces, or as one body that is cut here. */
  readonly kind: "pieces" | "stream";
  readonly feed: string;
  /** What its bad lines are reported under, such as the name of the file it is made from. */
  readonly source: string;
  /** Chosen by the client: asking again with the same key gives the same batch. */
  readonly key: string;
  readonly mode: "append" | "replace";
  readonly maxBadRows: number;
  readonly deadlineSeconds: number | null;
}

/**
 * Opens a batch that is sent to us, or finds the one that was opened with the same key.
 * @throws {UploadConflictError} if that one was opened with anything else than this one.
 */
export async function openUpload(pool: pg.Pool, upload: NewUpload): Promise<{ id: number; created: boolean }> {
  const identity = `${upload.kind === "stream" ? "stream" : "upload"} ${upload.key}`;
  // Asked first, because an INSERT that meets a known one still takes a batch number.
  const known = await findOpened(pool, upload, identity);
  if (known !== undefined) return { id: known, created: false };
  const { rows: added } = await pool.query<{ id: number }>(insertUpload, [
    upload.feed,
    upload.source,
    identity,
    upload.mode,
    upload.maxBadRows,
    upload.deadlineSeconds,
  ]);
  if (added[0]) return { id: added[0].id, created: true };
  const others = await findOpened(pool, upload, identity);
  if (others === undefined) throw new Error(`The upload ${upload.key} is gone.`);
  return { id: others, created: false };
}

async function findOpened(pool: pg.Pool, upload: NewUpload, identity: string): Promise<number | undefined> {
  const { rows } = await pool.query<{ id: number; differs: string | null }>(findUpload, [
    upload.feed,
    identity,
    upload.source,
    upload.mode,
    upload.maxBadRows,
    upload.deadlineSeconds,
    upload.key,
  ]);
  const known = rows[0];
  if (known && known.differs !== null) throw new UploadConflictError(known.id, known.differs);
  return known?.id;
}

export interface UploadedPiece {
  readonly batchId: number;
  readonly number: number;
  readonly format: Format;
  /** Plain, gzip or zstd; each piece of CSV has a header of its own. */
  readonly body: AsyncIterable<Buffer>;
  readonly ports: PortTable;
  /** Most bytes of the body, before and after decompression. */
  readonly maxBytes: number;
  /** Aborted when the client is gone. */
  readonly signal: AbortSignal;
}

/**
 * Loads one piece of an upload while its bytes arrive. All of it is there afterwards, or, after any error, nothing, and
 * it can be sent again; the last one to send it wins.
 * @returns "same" if exactly these bytes were loaded before.
 * @throws {BatchNotFoundError}
 * @throws {BatchStateError} if the batch takes no pieces (any more).
 * @throws {PieceConflictError} if other bytes were loaded under this number, or are being sent.
 * @throws {PieceTooLargeError}
 * @throws {BadRowsError} if more lines are bad than the batch may have; they are kept until the piece is sent again.
 * @throws {SourceError} {HeaderError} for a body that cannot be read.
 * @throws the signal's reason when the client is gone.
 */
export async function uploadPiece(pool: pg.Pool, piece: UploadedPiece): Promise<PieceResult | "same"> {
  const { batchId, number, signal } = piece;
  // Or it would take the piece from the request that its client has sent in its place.
  signal.throwIfAborted();
  const worker = `upload:${randomUUID()}`;
  const claim = await inTransaction(pool, async (client) => {
    const { rows } = await client.query<{ attempts: number }>(claimUploaded, [batchId, number, worker]);
    if (!rows[0]) return undefined;
    await client.query(forgetBadLines, [batchId, number]);
    await client.query(forgetBadLineCounts, [batchId, number]);
    return rows[0];
  });
  const known = await show(pool, batchId, number);
  if (claim === undefined) return compare(known, piece);

  const hash = createHash("sha256");
  const owner = [batchId, number, worker, claim.attempts];
  try {
    const result = await loadPiece(pool, {
      batchId,
      number,
      worker,
      attempt: claim.attempts,
      chunks: thenNote(read(piece, hash), () => pool.query(setDigest, [...owner, hash.digest("hex")])),
      format: piece.format,
      columns: null,
      ports: piece.ports,
      maxBadRows: known.max_bad_rows,
      signal,
    });
    if (!result.loaded) throw new BadRowsError(batchId, result.rejected, known.max_bad_rows);
    return result;
  } catch (error) {
    if (error instanceof LeaseLostError) throw new PieceConflictError(batchId, number, "was sent once more meanwhile");
    if (!(error instanceof BadRowsError)) await pool.query(dropUploaded, owner).catch(() => {});
    throw error;
  }
}

interface Shown {
  readonly state: BatchState;
  readonly planned: boolean;
  readonly upload: boolean;
  readonly max_bad_rows: number;
  readonly piece_state: string | null;
  readonly digest: string | null;
}

async function show(pool: pg.Pool, batchId: number, number: number): Promise<Shown> {
  const { rows } = await pool.query<Shown>(showUploaded, [batchId, number]);
  if (!rows[0]) throw new BatchNotFoundError(batchId);
  return rows[0];
}

/** What became of a piece that was not taken. Also after the batch is closed, or a lost answer could not be asked for. */
async function compare(known: Shown, piece: UploadedPiece): Promise<"same"> {
  const { batchId, number } = piece;
  if (!known.upload) throw new BatchStateError(batchId, known.state, `Batch ${batchId} does not come in pieces.`);
  if (known.piece_state !== "loaded") {
    throw new BatchStateError(batchId, known.state, `Batch ${batchId} is ${known.state} and takes no more pieces.`);
  }
  const hash = createHash("sha256");
  for await (const chunk of limit(piece, piece.body)) hash.update(chunk);
  if (hash.digest("hex") !== known.digest) {
    throw new PieceConflictError(batchId, number, "is loaded with other bytes");
  }
  return "same";
}

async function* read(piece: UploadedPiece, hash: Hash): AsyncIterable<Buffer> {
  const raw = await peek(limit(piece, piece.body, hash), MAGIC_BYTES);
  yield* limit(piece, decompress(`Piece ${piece.number}`, raw.all, compressionOf(raw.head)));
}

async function* limit(piece: UploadedPiece, chunks: AsyncIterable<Buffer>, hash?: Hash): AsyncIterable<Buffer> {
  let bytes = 0;
  for await (const chunk of chunks) {
    bytes += chunk.length;
    if (bytes > piece.maxBytes) throw new PieceTooLargeError(piece.batchId, piece.number, piece.maxBytes);
    hash?.update(chunk);
    yield chunk;
  }
}

async function* thenNote(chunks: AsyncIterable<Buffer>, note: () => Promise<unknown>): AsyncIterable<Buffer> {
  yield* chunks;
  await note();
}

/**
 * Takes no more pieces, if all are there and right. Does nothing to a batch that is past that.
 * @param pieces how many there must be; those that have arrived if not given.
 * @throws {BatchNotFoundError}
 * @throws {BatchStateError} if it is not an upload.
 * @throws {IncompleteUploadError} if pieces are missing or on their way.
 * @throws {BadRowsError}
 */
export function completeUpload(pool: pg.Pool, batchId: number, pieces?: number): Promise<void> {
  return inTransaction(pool, (client) => complete(client, batchId, pieces));
}

async function complete(client: pg.ClientBase, batchId: number, pieces?: number): Promise<void> {
  await client.query(lockUpload, [batchId]);
  const { rows } = await client.query<{
    state: BatchState;
    planned: boolean;
    sent: boolean;
    max_bad_rows: number;
    pieces: number;
    unfinished: number[] | null;
    failed: boolean;
    rejected: number;
    rows: number;
  }>(checkUpload, [batchId]);
  const found = rows[0];
  if (!found) throw new BatchNotFoundError(batchId);
  if (found.state !== "loading") return;
  if (!found.sent) {
    throw new BatchStateError(batchId, "loading", `Batch ${batchId} is being loaded; its workers publish it.`);
  }
  if (found.failed || found.rejected > found.max_bad_rows) {
    throw new BadRowsError(batchId, found.rejected, found.max_bad_rows);
  }
  if (found.unfinished) {
    const [first, ...others] = found.unfinished;
    const which = others.length === 0 ? `Piece ${first} is` : `Pieces ${found.unfinished.join(", ")} are`;
    throw new IncompleteUploadError(batchId, `${which} not loaded.`);
  }
  if (pieces !== undefined && pieces !== found.pieces) {
    throw new IncompleteUploadError(batchId, `${found.pieces} of ${pieces} pieces are loaded.`);
  }
  if (found.rows === 0) throw new IncompleteUploadError(batchId, "It holds no prices yet.");
  if (found.planned) return;
  const { rowCount } = await client.query(closeUpload, [batchId]);
  if (!rowCount) throw new IncompleteUploadError(batchId, "Its end has not arrived; send it once more.");
}

/** Uploads whose publish was asked for and broke off, as when the process at it was killed. */
export async function findUnpublished(pool: pg.Pool): Promise<number[]> {
  const { rows } = await pool.query<{ id: number }>(shortStatement({ text: listUnpublished }));
  return rows.map(({ id }) => id);
}

/** Fails uploads that nobody went on with for so long, so that their space is given back. */
export async function failAbandonedUploads(pool: pg.Pool, hours: number): Promise<void> {
  const { rows } = await pool.query<{ id: number }>(listAbandoned, [hours]);
  for (const { id } of rows) await failBatch(new Database(pool), id, `Nothing was sent for ${hours} hours.`);
}
