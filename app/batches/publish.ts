import type { Database } from "../database/database.js";
import type { Session } from "../database/queries.js";
import { growDataset, limitWaits, lockDataset } from "../rates/dataset.sql.js";
import { BatchNotFoundError, BatchStateError, BatchTooOldError } from "./batch-error.js";
import type { BatchState } from "./batch-state.js";
import { FoldedChange, whileFoldsChange } from "./folded.js";
import { findLaidAside } from "./folded.sql.js";
import { findDuplicate, type LockedBatch, lockBatch, setDuplicate, setPublished } from "./publish.sql.js";
import { refreshOwnVisibility, refreshVisibility } from "./visibility.sql.js";

/** When a batch is not published. */
export interface PublishOptions {
  /** Days after the first publish for which a retracted batch can be published again. */
  readonly retractableDays?: number;
  /** Publishes an audited batch only, and leaves one that a user has retracted or failed in the meantime as it is. */
  readonly onlyAudited?: boolean;
}

/** What a publish changed. */
export interface PublishReport {
  readonly state: BatchState;
  /** False if it was published already. */
  readonly changed: boolean;
  /** The dataset version after it; null if nothing changed. */
  readonly version: number | null;
  /** The published batch that this one repeats. */
  readonly duplicateOf: number | null;
}

/**
 * Makes all of an audited (or retracted) batch visible at one instant: one transaction over its row, its days and the
 * dataset's row, whatever the number of prices. Publishing a published batch changes nothing and succeeds, so that a
 * caller who lost the answer can ask again.
 *
 * ```ts
 * const { version } = await publishBatch(database, 7);
 * ```
 * @throws {BatchNotFoundError}
 * @throws {BatchStateError} if it is not audited, failed, or was folded by compaction.
 * @throws {BatchTooOldError} if it was retracted and `retractableDays` have passed since its first publish.
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
  // Only what was published before can have rows laid aside.
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

/** Takes the locks, in the one order that all changes share. */
export async function lock(session: Session, batchId: number, retractableDays: number): Promise<LockedBatch> {
  await session.run(limitWaits);
  await session.run(lockDataset);
  const batch = await session.row(lockBatch, { batchId, retractableDays });
  if (!batch) throw new BatchNotFoundError(batchId);
  return batch;
}

/** @throws {BatchTooOldError} once compaction may have folded the batch, or has. */
export function refuseOld(batch: LockedBatch, retractableDays: number): void {
  if (batch.published_at && (batch.too_old || batch.compacted_at || batch.reclaimed_at)) {
    throw new BatchTooOldError(batch.id, batch.published_at, retractableDays);
  }
}

/** Points consumers at what the states now say. Returns the new dataset version. */
export async function refresh(session: Session, { id: batchId, mode }: LockedBatch): Promise<number> {
  await session.run(mode === "replace" ? refreshVisibility : refreshOwnVisibility, { batchId });
  return Number((await session.row(growDataset))?.version);
}
