import type { Database } from "../database/database.js";
import type { Session } from "../database/queries.js";
import { growDataset, limitWaits, lockDataset } from "../rates/dataset.sql.js";
import { BatchNotFoundError, BatchStateError, BatchTooOldError } from "./batch-error.js";
import type { BatchState } from "./batch-state.js";
import { findDuplicate, type LockedBatch, lockBatch, setDuplicate, setPublished } from "./publish.sql.js";
import { FoldedChange, whileFoldsChange } from "./unfold.js";
import { findLaidAside } from "./unfold.sql.js";
import { refreshOwnVisibility, refreshVisibility } from "./visibility.sql.js";

/** Conditions under which a batch is not published. */
export interface PublishOptions {
  /** Days after the first publish for which a retracted batch can be published again. */
  readonly retractableDays?: number;
  /**
   * True to publish only an audited batch, and to leave a batch alone that a user has retracted or failed in the
   * meantime.
   */
  readonly onlyAudited?: boolean;
}

/** The result of a publish. */
export interface PublishReport {
  readonly state: BatchState;
  /** False if the batch was published already, or if it was left alone (`onlyAudited`). */
  readonly changed: boolean;
  /** The dataset version after the publish; null if nothing changed for consumers. */
  readonly version: number | null;
  /** The published batch that this batch repeats; null if this batch is no duplicate. */
  readonly duplicateOf: number | null;
}

/**
 * Makes all prices of an audited or retracted batch visible at one instant, in one transaction over the row of the
 * batch, its days and the row of the dataset. The time does not grow with the number of prices, except for a retracted
 * batch whose rates have to be written again. Publishing a published batch changes nothing and succeeds, so that a
 * caller who lost the answer can ask again.
 *
 * ```ts
 * const { version } = await publishBatch(database, 7);
 * ```
 * @throws {BatchNotFoundError}
 * @throws {BatchStateError} if the batch is not audited yet, has failed, or was folded by compaction.
 * @throws {BatchTooOldError} if the batch was retracted and `retractableDays` have passed since its first publish.
 */
export function publishBatch(
  database: Database,
  batchId: number,
  options: PublishOptions = {},
): Promise<PublishReport> {
  return whileFoldsChange(database, (session) => publish(session, batchId, options));
}

async function publish(
  session: Session,
  batchId: number,
  { retractableDays = 30, onlyAudited = false }: PublishOptions,
): Promise<PublishReport> {
  // Only a batch that was published before can have rates laid aside.
  const folded = onlyAudited ? null : await FoldedChange.bringingBack(session, batchId, findLaidAside);
  const batch = await lock(session, batchId, retractableDays);
  await folded?.expectUnchanged();
  if (batch.state === "published" || (batch.state !== "audited" && onlyAudited)) {
    return { state: batch.state, changed: false, version: null, duplicateOf: null };
  }
  if (batch.state === "retracted") {
    refuseOld(batch, retractableDays);
  } else if (batch.state === "audited") {
    const duplicateOf = (await session.row(findDuplicate, { batchId }))?.id;
    if (duplicateOf !== undefined) {
      await session.run(setDuplicate, { batchId, duplicateOf });
      return { state: "duplicate", changed: true, version: null, duplicateOf };
    }
  } else {
    throw new BatchStateError(batchId, batch.state, `Batch ${batchId} is ${batch.state} and cannot be published.`);
  }
  await session.run(setPublished, { batchId });
  await folded?.takeBack();
  return { state: "published", changed: true, version: await refresh(session, batch), duplicateOf: null };
}

/**
 * Locks the dataset and then the batch. All changes of batches use this order: otherwise two of them could wait for
 * each other for ever.
 * @throws {BatchNotFoundError}
 */
export async function lock(session: Session, batchId: number, retractableDays: number): Promise<LockedBatch> {
  await session.run(limitWaits);
  await session.run(lockDataset);
  const batch = await session.row(lockBatch, { batchId, retractableDays });
  if (!batch) throw new BatchNotFoundError(batchId);
  return batch;
}

/**
 * @throws {BatchTooOldError} if the batch is so old that compaction may fold it, or if its rows are folded or deleted
 * already.
 */
export function refuseOld(batch: LockedBatch, retractableDays: number): void {
  if (batch.published_at && (batch.too_old || batch.compacted_at || batch.reclaimed_at)) {
    throw new BatchTooOldError(batch.id, batch.published_at, retractableDays);
  }
}

/**
 * Sets which days of the feed consumers see, by the new state of the batch.
 * @returns the new dataset version.
 */
export async function refresh(session: Session, { id: batchId, mode }: LockedBatch): Promise<number> {
  await session.run(mode === "replace" ? refreshVisibility : refreshOwnVisibility, { batchId });
  return Number((await session.row(growDataset))?.version);
}
