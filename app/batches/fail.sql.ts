import { statement } from "../database/statement.js";
import type { BatchState } from "./batch-state.js";

/**
 * Fails a batch that was never visible; changes no other batch. Workers get no more pieces of it. A worker in the
 * middle of a piece finds the batch failed when it wants to commit. `forGood`: loading the same delivery again would
 * fail in the same way.
 */
export const setFailed = statement<{ batchId: number; failure: string; forGood: boolean }>(`
  UPDATE batches
  SET state = 'failed', failure = $failure, failed_for_good = $forGood, failed_at = clock_timestamp(), worker = NULL,
      lease_until = NULL
  WHERE id = $batchId AND state IN ('loading', 'auditing', 'audited')`);

/**
 * The state of a batch. Lock the row of the batch before: otherwise another session may be about to commit another
 * state.
 */
export const readState = statement<{ batchId: number }, { state: BatchState }>(
  "SELECT state FROM batches WHERE id = $batchId",
);
