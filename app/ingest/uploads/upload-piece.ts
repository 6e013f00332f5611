import { createHash, type Hash, randomUUID } from "node:crypto";
import { BatchNotFoundError, BatchStateError } from "../../batches/batch-error.js";
import type { Database } from "../../database/database.js";
import { LeaseLostError } from "../load/load-error.js";
import { loadPiece, type PieceResult } from "../load/load-piece.js";
import type { Format } from "../parse/header-reader.js";
import type { PortTable } from "../parse/port-table.js";
import { compressionOf, decompress, MAGIC_BYTES } from "../sources/compression.js";
import { peek } from "../sources/peek.js";
import {
  claimUploaded,
  deleteBadLines,
  dropUploaded,
  forgetBadLineCounts,
  readUploadedPiece,
  type UploadedPieceState,
} from "./upload.sql.js";
import { BadRowsError, PieceConflictError, PieceTooLargeError } from "./upload-error.js";

/** A piece that a client sends. */
export interface UploadedPiece {
  readonly batchId: number;
  readonly number: number;
  readonly format: Format;
  /** The bytes of the piece: plain, gzip or zstd. Each piece of CSV has a header of its own. */
  readonly body: AsyncIterable<Buffer>;
  readonly ports: PortTable;
  /** Limit of the bytes of the body; it holds both before and after decompression. */
  readonly maxBytes: number;
}

/**
 * Loads one piece of an upload while its bytes arrive. Afterwards the whole piece is loaded. After any error none of it
 * is, and the client can send it again. If two requests send the same piece, the later request wins.
 * @param database with a signal that aborts when the client is gone.
 * @returns "same" if exactly these bytes were loaded before.
 * @throws {BatchNotFoundError}
 * @throws {BatchStateError} if the batch does not come in pieces, or takes no more pieces.
 * @throws {PieceConflictError} if other bytes were loaded under this number, or if a later request sends the piece.
 * @throws {PieceTooLargeError} if the body has more than `maxBytes` bytes.
 * @throws {BadRowsError} if more lines are bad than the batch may have. These lines are kept until the piece is sent
 * again.
 * @throws {SourceError} {HeaderError} for a body that cannot be read.
 * @throws the signal's reason when the client is gone.
 */
export async function uploadPiece(database: Database, piece: UploadedPiece): Promise<PieceResult | "same"> {
  const { batchId, number } = piece;
  // A client that is gone may have sent the piece again: this request must not take the piece from the later one.
  database.signal.throwIfAborted();
  const worker = `upload:${randomUUID()}`;
  const attempt = await claim(database, batchId, number, worker);
  const known = await database.row(readUploadedPiece, { batchId, number });
  if (!known) throw new BatchNotFoundError(batchId);
  if (attempt === undefined) return compare(known, piece);

  const hash = createHash("sha256");
  try {
    const result = await loadPiece(database, {
      ...piece,
      worker,
      attempt,
      chunks: read(piece, hash),
      digest: () => hash.digest("hex"),
      columns: null,
      maxBadRows: known.max_bad_rows,
    });
    if (!result.loaded) throw new BadRowsError(batchId, result.rejected, known.max_bad_rows);
    return result;
  } catch (error) {
    if (error instanceof LeaseLostError) throw new PieceConflictError(batchId, number, "was sent once more meanwhile");
    if (!(error instanceof BadRowsError)) {
      await database
        .afterStop()
        .run(dropUploaded, { batchId, number, worker, attempt })
        .catch(() => {});
    }
    throw error;
  }
}

/**
 * Claims the piece for this request.
 * @returns the number of the attempt; undefined if the batch takes no pieces, or if the piece is loaded.
 */
function claim(database: Database, batchId: number, number: number, worker: string): Promise<number | undefined> {
  return database.transaction(async (session) => {
    const claimed = await session.row(claimUploaded, { batchId, number, worker });
    if (!claimed) return undefined;
    await session.run(deleteBadLines, { batchId, number });
    await session.run(forgetBadLineCounts, { batchId, number });
    return claimed.attempts;
  });
}

/**
 * Compares the body with a piece that could not be claimed. A client also sends a piece again when it lost the first
 * answer, so this works even after the batch is closed.
 */
async function compare(known: UploadedPieceState, piece: UploadedPiece): Promise<"same"> {
  const { batchId, number } = piece;
  if (!known.in_pieces) throw new BatchStateError(batchId, known.state, `Batch ${batchId} does not come in pieces.`);
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

/** The lines of the piece. After the last chunk, all bytes of the body have gone through the hash. */
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
