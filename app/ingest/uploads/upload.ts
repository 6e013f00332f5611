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

/** The settings with which a client opens an upload. */
export interface NewUpload {
  /** `pieces`: the client sends pieces. `stream`: the client sends one body, which the server cuts into pieces. */
  readonly kind: "pieces" | "stream";
  readonly feed: string;
  /** The name under which bad lines are reported, such as that of the file that the upload is made from. */
  readonly source: string;
  /** Chosen by the client: a second request with the same key gets the same batch. */
  readonly key: string;
  readonly mode: DeliveryMode;
  readonly maxBadRows: number;
  readonly deadlineSeconds: number | null;
}

/**
 * Opens an upload, or finds the upload that was opened with the same key.
 * @returns the id of its batch; `created` is true if this call opened it.
 * @throws {UploadConflictError} if the upload with this key was opened with other settings.
 */
export async function openUpload(database: Database, upload: NewUpload): Promise<{ id: number; created: boolean }> {
  // Looks first: an INSERT that meets a known upload still uses up a batch number.
  const known = await findOpened(database, upload);
  if (known !== undefined) return { id: known, created: false };
  const added = await database.row(insertUpload, asOpened(upload));
  if (added) return { id: added.id, created: true };
  const others = await findOpened(database, upload);
  if (others === undefined) throw new Error(`The upload ${upload.key} was deleted while it was opened.`);
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
 * Closes an upload if all its pieces are loaded and it has few enough bad lines. Does nothing to a batch that is no
 * longer loading.
 * @param pieces how many pieces there must be; any number if not given.
 * @throws {BatchNotFoundError}
 * @throws {BatchStateError} if the batch is not an upload.
 * @throws {IncompleteUploadError} if pieces are missing or not loaded yet.
 * @throws {NoPricesError} if there are no prices.
 * @throws {BadRowsError} if the batch has more bad lines than it may have.
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
    throw new IncompleteUploadError(batchId, "The end of its body has not arrived; send the body again.");
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

/**
 * The batches of uploads whose publish a client asked for, but did not end, because the process that worked on it was
 * killed.
 */
export async function findUnpublished(database: Database): Promise<number[]> {
  return (await database.rows(listUnpublished)).map(({ id }) => id);
}

/** Fails uploads of which nothing was sent in the last `hours` hours, so that their space can be freed. */
export async function failAbandonedUploads(database: Database, hours: number): Promise<void> {
  for (const { id } of await database.rows(listAbandonedUploads, { hours })) {
    await failBatch(database, id, `Nothing was sent for ${hours} hours.`);
  }
}
