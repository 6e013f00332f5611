import { BatchNotFoundError, BatchStateError } from "../../batches/batch-error.js";
import type { DeliveryMode } from "../../batches/delivery.js";
import { failBatch } from "../../batches/fail.js";
import type { Database } from "../../database/database.js";
import type { Session } from "../../database/queries.js";
import {
  closeUpload,
  findUpload,
  insertUpload,
  listAbandonedUploads,
  listUnpublished,
  lockUpload,
  type Opened,
  readUploadState,
  type UploadState,
} from "./upload.sql.js";
import { BadRowsError, IncompleteUploadError, NoPricesError, UploadConflictError } from "./upload-error.js";

export interface NewUpload {
  /** Whether it comes in pieces, or as one body that is cut here. */
  readonly kind: "pieces" | "stream";
  readonly feed: string;
  /** What its bad lines are reported under, such as the name of the file it is made from. */
  readonly source: string;
  /** Chosen by the client: asking again with the same key gives the same batch. */
  readonly key: string;
  readonly mode: DeliveryMode;
  readonly maxBadRows: number;
  readonly deadlineSeconds: number | null;
}

/**
 * Opens a batch that is sent to us, or finds the one that was opened with the same key.
 * @throws {UploadConflictError} if that one was opened with anything else than this one.
 */
export async function openUpload(database: Database, upload: NewUpload): Promise<{ id: number; created: boolean }> {
  // Asked first, because an INSERT that meets a known one still takes a batch number.
  const known = await findOpened(database, upload);
  if (known !== undefined) return { id: known, created: false };
  const added = await database.row(insertUpload, asOpened(upload));
  if (added) return { id: added.id, created: true };
  const others = await findOpened(database, upload);
  if (others === undefined) throw new Error(`The upload ${upload.key} is gone.`);
  return { id: others, created: false };
}

async function findOpened(database: Database, upload: NewUpload): Promise<number | undefined> {
  const known = await database.row(findUpload, asOpened(upload));
  if (known && known.differs !== null) throw new UploadConflictError(known.id, known.differs);
  return known?.id;
}

function asOpened({ kind, key, ...upload }: NewUpload): Opened {
  return { ...upload, channel: kind === "stream" ? "stream" : "upload", identity: key };
}

/**
 * Takes no more pieces, if all are there and right. Does nothing to a batch that is past that.
 * @param pieces how many there must be; those that have arrived if not given.
 * @throws {BatchNotFoundError}
 * @throws {BatchStateError} if it is not an upload.
 * @throws {IncompleteUploadError} if pieces are missing or on their way; {@link NoPricesError} if none holds a price.
 * @throws {BadRowsError}
 */
export function completeUpload(database: Database, batchId: number, pieces?: number): Promise<void> {
  return database.transaction((session) => complete(session, batchId, pieces));
}

async function complete(session: Session, batchId: number, pieces: number | undefined): Promise<void> {
  await session.run(lockUpload, { batchId });
  const upload = await session.row(readUploadState, { batchId });
  if (!upload) throw new BatchNotFoundError(batchId);
  if (upload.state !== "loading") return;
  refuseIncomplete(batchId, upload, pieces);
  if (upload.planned) return;
  if (!(await session.run(closeUpload, { batchId }))) {
    throw new IncompleteUploadError(batchId, "Its end has not arrived; send it once more.");
  }
}

function refuseIncomplete(batchId: number, upload: UploadState, pieces: number | undefined): void {
  const { sent, failed, rejected, max_bad_rows: allowed, unfinished, pieces: arrived, rows } = upload;
  if (!sent) throw new BatchStateError(batchId, "loading", `Batch ${batchId} is being loaded; its workers publish it.`);
  if (failed || rejected > allowed) throw new BadRowsError(batchId, rejected, allowed);
  if (unfinished) {
    const which = unfinished.length === 1 ? `Piece ${unfinished[0]} is` : `Pieces ${unfinished.join(", ")} are`;
    throw new IncompleteUploadError(batchId, `${which} not loaded.`);
  }
  if (pieces !== undefined && pieces !== arrived) {
    throw new IncompleteUploadError(batchId, `${arrived} of ${pieces} pieces are loaded.`);
  }
  if (rows === 0) throw new NoPricesError(batchId);
}

/** Uploads whose publish was asked for and broke off, as when the process at it was killed. */
export async function findUnpublished(database: Database): Promise<number[]> {
  return (await database.rows(listUnpublished)).map(({ id }) => id);
}

/** Fails uploads of which nothing was sent for so many hours, so that their space is given back. */
export async function failAbandonedUploads(database: Database, hours: number): Promise<void> {
  for (const { id } of await database.rows(listAbandonedUploads, { hours })) {
    await failBatch(database, id, `Nothing was sent for ${hours} hours.`);
  }
}
