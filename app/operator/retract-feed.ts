import { BatchStateError, BatchTooOldError } from "../batches/batch-error.js";
import { retractBatch } from "../batches/retract.js";
import type { Database } from "../database/database.js";
import { selectRetractable } from "./status/feed-batches.sql.js";

/** Retracts all batches of a feed that still can be, the newest first. Safe to repeat. */
export async function retractFeed(
  database: Database,
  feed: string,
  retractableDays: number,
): Promise<{ retracted: number; tooOld: number }> {
  let retracted = 0;
  let tooOld = 0;
  for (const { id } of await database.rows(selectRetractable, { feed })) {
    try {
      if ((await retractBatch(database, id, { retractableDays })).changed) retracted += 1;
    } catch (error) {
      if (!(error instanceof BatchTooOldError || error instanceof BatchStateError)) throw error;
      tooOld += 1;
    }
  }
  return { retracted, tooOld };
}
