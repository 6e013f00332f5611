import type pg from "pg";
import { type Patience, patiently } from "../database/patiently.js";
import { inTransaction } from "../database/transaction.js";
import { growDataset, limitWaits, lockDataset } from "../rates/dataset.sql.js";
import { BatchNotFoundError, BatchStateError, BatchTooOldError } from "./batch-error.js";
import type { BatchState } from "./batch-state.js";
import { findDuplicate, lockBatch, setDuplicate, setPublished } from "./publish.sql.js";
import { refreshVisibility } from "./visibility.sql.js";

export interface PublishOptions extends Patience {
  /** Days after the first publish for which a retracted batch can be published again. */
  readonly retractableDays?: number;
  /** Does nothing to a batch in any other state: what somebody has retracted or failed meanwhile stays so. */
  readonly onlyAudited?: boolean;
}

export interface PublishReport {
  readonly state: BatchState;
  /** False if it was published already. */
  readonly changed: boolean;
  /** The dataset version after it; null if nothing changed. */
  readonly version: number | null;
  /** The published batch that this one repeats. */
  readonly duplicateOf: number | null;
}

/** A row of `batches` as {@link lockBatch} returns it. */
export interface LockedBatch {
  readonly id: number;
  readonly state: BatchState;
  readonly mode: "append" | "replace" | "compaction";
  readonly published_at: Date | null;
  readonly compacted_at: Date | null;
  readonly reclaimed_at: Date | null;
  readonly too_old: boolean | null;
}

/**
 * Makes all of an audited (or retracted) batch visible at one instant: one transaction over its row, its days and the
 * dataset's row, whatever the number of prices. Publishing a published batch changes nothing and succeeds, so that a
 * caller who lost the answer can ask again.
 *
 * ```ts
 * const { version } = await publishBatch(pool, 7);
 * ```
 * @throws {BatchNotFoundError}
 * @throws {BatchStateError} if it is not audited, failed, or was folded by compaction.
 * @throws {BatchTooOldError} if it was retracted and `retractableDays` have passed since its first publish.
 */
export function publishBatch(pool: pg.Pool, batchId: number, options: PublishOptions = {}): Promise<PublishReport> {
  return patiently(options, () => inTransaction(pool, (client) => publish(client, batchId, options), options.signal));
}

async function publish(
  client: pg.ClientBase,
  batchId: number,
  { retractableDays = 30, onlyAudited = false }: PublishOptions,
): Promise<PublishReport> {
  const batch = await lock(client, batchId, retractableDays);
  if (batch.state === "published" || (batch.state !== "audited" && onlyAudited)) {
    return { state: batch.state, changed: false, version: null, duplicateOf: null };
  }
  if (batch.state === "retracted") {
    refuseOld(batch, retractableDays);
  } else if (batch.state === "audited") {
    const { rows } = await client.query<{ id: number }>(findDuplicate, [batchId]);
    if (rows[0]) {
      await client.query(setDuplicate, [batchId, rows[0].id]);
      return { state: "duplicate", changed: true, version: null, duplicateOf: rows[0].id };
    }
  } else {
    throw new BatchStateError(batchId, batch.state, `Batch ${batchId} is ${batch.state} and cannot be published.`);
  }
  await client.query(setPublished, [batchId]);
  return { state: "published", changed: true, version: await show(client, batchId), duplicateOf: null };
}

/** Takes the locks, in the one order that all changes share. */
export async function lock(client: pg.ClientBase, batchId: number, retractableDays: number): Promise<LockedBatch> {
  await client.query(limitWaits);
  await client.query(lockDataset);
  const { rows } = await client.query<LockedBatch>(lockBatch, [batchId, retractableDays]);
  if (!rows[0]) throw new BatchNotFoundError(batchId);
  return rows[0];
}

/** @throws {BatchTooOldError} once compaction may have folded the batch, or has. */
export function refuseOld(batch: LockedBatch, retractableDays: number): void {
  if (batch.published_at && (batch.too_old || batch.compacted_at || batch.reclaimed_at)) {
    throw new BatchTooOldError(batch.id, batch.published_at, retractableDays);
  }
}

/** Points consumers at what the states now say. Returns the new dataset version. */
export async function show(client: pg.ClientBase, batchId: number): Promise<number> {
  await client.query(refreshVisibility, [batchId]);
  const { rows } = await client.query<{ version: string }>(growDataset);
  return Number(rows[0]?.version);
}
