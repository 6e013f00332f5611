import type { Queries } from "../database/queries.js";
import { BatchNotFoundError, BatchStateError } from "./batch-error.js";
import { readState, setFailed } from "./fail.sql.js";

/** The reason of a failure when an operator or a client ended the batch and gave no reason. */
export const STOPPED = "It was stopped.";

/**
 * Fails a whole batch at once. No price of it was ever visible. `reclaimBatch` deletes its rows afterwards. Failing a
 * failed batch changes nothing and succeeds; the first reason stays.
 * @param database the database, or a session to fail the batch inside of its transaction.
 * @param failure the reason, as users read it. Bad lines are kept in tables of their own.
 * @param forGood true if loading the same delivery again would fail in the same way.
 * @returns false if the batch had failed before.
 * @throws {BatchNotFoundError}
 * @throws {BatchStateError} if the batch was published before.
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
