import type { Session } from "../database/queries.js";
import { lockTreeShared } from "../places/import-places.sql.js";
import { limitWaits, lockDataset } from "../rates/dataset.sql.js";
import { keepMonth } from "../rates/month.sql.js";
import { boundFold, claimFold, unboundFold } from "./fold.sql.js";

/**
 * Prepares a transaction that folds a month of a feed: sets the limits of the session, and takes the locks that a fold
 * or compaction holds until its transaction ends.
 * @returns false if another process is folding the month, or dropping it. Then the transaction must not write.
 */
export async function beginFold(session: Session, feed: string, month: string): Promise<boolean> {
  await session.run(boundFold);
  await session.run(lockTreeShared);
  if (!(await session.row(claimFold, { feed, month }))?.claimed) return false;
  return (await session.row(keepMonth, { month }))?.kept === true;
}

/** Takes the lock that publishes wait for, to move the pointers. Statements after this must be short. */
export async function lockPointers(session: Session): Promise<void> {
  await session.run(limitWaits);
  await session.run(unboundFold);
  await session.run(lockDataset);
}
