import { statement } from "../database/statement.js";
import type { BatchState } from "./batch-state.js";

/**
 * Only a batch that was never visible can fail. Its pieces are no longer handed out, and a worker in the middle of one
 * finds the batch failed when it commits. `forGood`: loading the same again would fail the same way.
 */
export const setFailed = statement<{ batchId: number; failure: string; forGood: boolean }>(`
  UPDATE batches
  SET state = 'failed', failure = $failure, failed_for_good = $forGood, failed_at = clock_timestamp(), worker = NULL,
      lease_until = NULL
  WHERE id = $batchId AND state IN ('loading', 'auditing', 'audited')`);

/** To be asked once the row is locked: before that, another session may be about to commit another state. */
export const readState = statement<{ batchId: number }, { state: BatchState }>(
  "SELECT state FROM batches WHERE id = $batchId",
);
