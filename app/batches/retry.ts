import type { Database } from "../database/database.js";
import { BatchNotFoundError, BatchStateError } from "./batch-error.js";
import { findDelivery, setAside } from "./plan.sql.js";

/**
 * Lets a failed delivery be loaded once more, as a new batch, by the next ingest run that finds it at its source; an
 * upload is sent again. The failed batch stays for the record. Calling this twice changes nothing more.
 * @returns where it came from; `sent` if that is a client.
 * @throws {BatchNotFoundError}
 * @throws {BatchStateError} if it has not failed, if its source cannot be read again, or if another batch has been made
 * of the same delivery since.
 */
export async function retryBatch(
  database: Database,
  batchId: number,
): Promise<{ readonly source: string; readonly sent: boolean }> {
  const batch = await database.row(findDelivery, { batchId });
  if (!batch) throw new BatchNotFoundError(batchId);
  const refuse = (why: string) => new BatchStateError(batchId, batch.state, `Batch ${batchId} ${why}`);
  if (batch.state !== "failed") throw refuse(`is ${batch.state}; only a failed one can be loaded again.`);
  if (batch.gone) throw refuse("came through a pipe, which cannot be read again; run it with a new one.");
  if (batch.later !== null) throw refuse(`was loaded again as batch ${batch.later}, which is ${batch.later_state}.`);
  await database.run(setAside, { batchId });
  return { source: batch.source, sent: batch.sent };
}
