import type { Database } from "../database/database.js";
import { BatchNotFoundError, BatchStateError } from "./batch-error.js";
import { findDelivery, setAside } from "./plan.sql.js";

/**
 * Lets a failed delivery be loaded once more, as a new batch: by the next ingest run that finds it at its source, or
 * when the client sends the upload again. The failed batch stays for the record. A second call changes nothing more.
 * @returns where the delivery came from; `sent` is true if a client sent it.
 * @throws {BatchNotFoundError}
 * @throws {BatchStateError} if the batch has not failed, if its source cannot be read again, or if the same delivery
 * has become another batch since.
 */
export async function retryBatch(
  database: Database,
  batchId: number,
): Promise<{ readonly source: string; readonly sent: boolean }> {
  const batch = await database.row(findDelivery, { batchId });
  if (!batch) throw new BatchNotFoundError(batchId);
  const refuse = (why: string) => new BatchStateError(batchId, batch.state, `Batch ${batchId} ${why}`);
  if (batch.state !== "failed") throw refuse(`is ${batch.state}; only a failed one can be loaded again.`);
  if (batch.gone) throw refuse("came through a pipe, which cannot be read again; send the data through a new pipe.");
  if (batch.later !== null) throw refuse(`was loaded again as batch ${batch.later}, which is ${batch.later_state}.`);
  await database.run(setAside, { batchId });
  return { source: batch.source, sent: batch.sent };
}
