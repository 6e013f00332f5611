import type pg from "pg";
import { BatchNotFoundError, BatchStateError } from "./batch-error.js";
import type { BatchState } from "./batch-state.js";
import { freeIdentity } from "./plan.sql.js";

/**
 * Lets a failed delivery be loaded once more, as a new batch, by the next ingest run that finds it at its source; an
 * upload is sent again. The failed batch stays for the record. Laying it aside twice changes nothing.
 * @throws {BatchNotFoundError}
 * @throws {BatchStateError} if it has not failed.
 */
export async function retryBatch(pool: pg.Pool, batchId: number): Promise<{ readonly source: string }> {
  const { rows } = await pool.query<{ state: BatchState; source: string; free: boolean }>(
    "SELECT state, source, identity LIKE '% (failed as batch ' || id || ')' AS free FROM batches WHERE id = $1",
    [batchId],
  );
  const batch = rows[0];
  if (!batch) throw new BatchNotFoundError(batchId);
  if (batch.state !== "failed") {
    throw new BatchStateError(
      batchId,
      batch.state,
      `Batch ${batchId} is ${batch.state}; only a failed one can be loaded again.`,
    );
  }
  if (!batch.free) await pool.query(freeIdentity, [batchId]);
  return { source: batch.source };
}
