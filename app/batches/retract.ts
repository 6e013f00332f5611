import type { Database } from "../database/database.js";
import type { Session } from "../database/queries.js";
import { BatchStateError } from "./batch-error.js";
import { lock, refresh, refuseOld } from "./publish.js";
import { setRetracted } from "./publish.sql.js";
import { FoldedChange, whileFoldsChange } from "./unfold.js";
import { findRevealed } from "./unfold.sql.js";

/** Limits of a retract. */
export interface RetractOptions {
  /** Days after the first publish for which a batch can be retracted. */
  readonly retractableDays?: number;
}

/** The result of a retract. */
export interface RetractReport {
  /** False if the batch was retracted already. */
  readonly changed: boolean;
  /** The dataset version after the retract; null if nothing changed. */
  readonly version: number | null;
}

/**
 * Makes all prices of a published batch invisible at one instant. If its mode is `replace`, consumers see again what it
 * hid. The prices stay, so that `publishBatch` can undo the retract. Retracting a retracted batch changes nothing and
 * succeeds, so that a caller who lost the answer can ask again.
 * @throws {BatchNotFoundError}
 * @throws {BatchStateError} if the batch is not published, is a compaction, or was folded for good.
 * @throws {BatchTooOldError} if `retractableDays` have passed since its first publish.
 */
export function retractBatch(
  database: Database,
  batchId: number,
  { retractableDays = 30 }: RetractOptions = {},
): Promise<RetractReport> {
  return whileFoldsChange(database, (session) => retract(session, batchId, retractableDays));
}

async function retract(session: Session, batchId: number, retractableDays: number): Promise<RetractReport> {
  const folded = await FoldedChange.takingOut(session, batchId);
  const revealed = await FoldedChange.bringingBack(session, batchId, findRevealed);
  const batch = await lock(session, batchId, retractableDays);
  await folded.expectUnchanged();
  await revealed.expectUnchanged();
  if (batch.state === "retracted") return { changed: false, version: null };
  if (batch.state !== "published" && batch.state !== "compacted") {
    throw new BatchStateError(batchId, batch.state, `Batch ${batchId} is ${batch.state}; there is nothing to retract.`);
  }
  refuseOld(batch, retractableDays);
  if (batch.mode === "compaction") {
    const why = `Batch ${batchId} is not a delivery: it holds the sums of other batches. Retract these instead.`;
    throw new BatchStateError(batchId, batch.state, why);
  }
  if (batch.state === "compacted") {
    const why = `Batch ${batchId} was folded with others for good and cannot be retracted any more.`;
    throw new BatchStateError(batchId, batch.state, why);
  }
  await session.run(setRetracted, { batchId });
  await folded.layAside();
  await revealed.takeBack();
  return { changed: true, version: await refresh(session, batch) };
}
