import type { Database } from "../database/database.js";
import type { Session } from "../database/queries.js";
import { BatchStateError } from "./batch-error.js";
import { FoldedChange, whileFoldsChange } from "./folded.js";
import { findRevealed } from "./folded.sql.js";
import { lock, refresh, refuseOld } from "./publish.js";
import { setRetracted } from "./publish.sql.js";

/** When a batch can no longer be retracted. */
export interface RetractOptions {
  /** Days after the first publish for which a batch can be retracted. */
  readonly retractableDays?: number;
}

/** What a retract changed. */
export interface RetractReport {
  /** False if it was retracted already. */
  readonly changed: boolean;
  /** The dataset version after it; null if nothing changed. */
  readonly version: number | null;
}

/**
 * Makes all of a published batch invisible at one instant; what it hid (mode `replace`) is seen again. Its rows stay,
 * so that `publishBatch` can undo this. Retracting a retracted batch changes nothing and succeeds, so that a caller may
 * ask again.
 * @throws {BatchNotFoundError}
 * @throws {BatchStateError} if it was never published.
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
    const why = `Batch ${batchId} is no delivery: it holds the sums of others. Retract those.`;
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
