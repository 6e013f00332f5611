import type { Queries } from "../database/queries.js";
import { BatchNotFoundError, BatchStateError } from "./batch-error.js";
import { readState, setFailed } from "./fail.sql.js";

/** Why a batch failed, where an operator or a client ended it and gave no reason. */
export const STOPPED = "It was stopped.";

/**
 * Fails a batch as a whole, at once; none of it was ever visible. `reclaimBatch` deletes its rows afterwards. The first
 * reason stays: failing a failed batch changes nothing and succeeds.
 * @param database or a session, to do so inside its transaction.
 * @param failure why, for the user; the bad lines stand in tables of their own.
 * @param forGood whether loading the same delivery again would fail the same way.
 * @returns false if it had failed before.
 * @throws {BatchNotFoundError}
 * @throws {BatchStateError} if it was published already.
 */
export async function failBatch(
  database: Queries,
  batchId: number,
  failure: string,
  forGood = false,
): Promise<boolean> {
  if (await database.run(setFailed, { batchId, failure, forGood })) return true;
  const state = (await database.row(readState, { batchId }))?.state;
  if (state === undefined) throw new BatchNotFoundError(batchId);
  if (state === "failed" || state === "duplicate") return false;
  throw new BatchStateError(batchId, state, `Batch ${batchId} is ${state} and can no longer fail; retract it instead.`);
}
