import type { Session } from "../database/queries.js";
import { lockTreeShared } from "../places/import-places.sql.js";
import { keepMonth } from "../rates/month.sql.js";
import { boundFold, claimFold } from "./fold.sql.js";

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
