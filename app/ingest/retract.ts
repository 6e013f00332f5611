import type pg from "pg";
import { inTransaction } from "../database/transaction.js";
import { retryTransient } from "../database/transient.js";
import { BatchStateError } from "./batch-error.js";
import { lock, refuseOld, show } from "./publish.js";
import { setRetracted } from "./publish.sql.js";

export interface RetractOptions {
  /** Days after the first publish for which a batch can be retracted. */
  readonly retractableDays?: number;
  /** Until when it tries again while the database fails over, on the scale of Date.now(); 30 s from now if not given. */
  readonly deadlineMs?: number;
  readonly signal?: AbortSignal;
}

export interface RetractReport {
  /** False if it was retracted already. */
  readonly changed: boolean;
  /** The dataset version after it; null if nothing changed. */
  readonly version: number | null;
}

const RETRY_FOR_MS = 30_000;

/**
 * Makes all of a published batch invisible at one instant; what it hid (mode `replace`) is seen again. Its rows stay,
 * so that `publishBatch` can undo this. Retracting a retracted batch changes nothing and succeeds.
 * @throws {BatchNotFoundError}
 * @throws {BatchStateError} if it was never published.
 * @throws {BatchTooOldError} if `retractableDays` have passed since its first publish.
 */
export function retractBatch(pool: pg.Pool, batchId: number, options: RetractOptions = {}): Promise<RetractReport> {
  const retractableDays = options.retractableDays ?? 30;
  return retryTransient(() => inTransaction(pool, (client) => retract(client, batchId, retractableDays)), {
    deadlineMs: options.deadlineMs ?? Date.now() + RETRY_FOR_MS,
    ...(options.signal ? { signal: options.signal } : {}),
  });
}

async function retract(client: pg.ClientBase, batchId: number, retractableDays: number): Promise<RetractReport> {
  const batch = await lock(client, batchId, retractableDays);
  if (batch.state === "retracted") return { changed: false, version: null };
  if (batch.state !== "published" && batch.state !== "compacted") {
    throw new BatchStateError(batchId, batch.state, `Batch ${batchId} is ${batch.state}; there is nothing to retract.`);
  }
  refuseOld(batch, retractableDays);
  if (batch.mode === "compaction" || batch.state === "compacted") {
    throw new BatchStateError(
      batchId,
      batch.state,
      `Batch ${batchId} was folded by compaction and cannot be retracted.`,
    );
  }
  await client.query(setRetracted, [batchId]);
  return { changed: true, version: await show(client, batchId) };
}
