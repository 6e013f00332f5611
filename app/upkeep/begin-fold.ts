import type { Session } from "../database/queries.js";
import { lockTreeShared } from "../places/import-places.sql.js";
import { keepMonth } from "../rates/month.sql.js";
import { boundFold, claimFold } from "./fold.sql.js";

/**
 * Takes what every fold and compaction of a feed and month needs until its transaction ends.
 * @returns false if another process folds them, or the month is being dropped.
 */
export async function beginFold(session: Session, feed: string, month: string): Promise<boolean> {
  await session.run(boundFold);
  await session.run(lockTreeShared);
  if (!(await session.row(claimFold, { feed, month }))?.claimed) return false;
  return (await session.row(keepMonth, { month }))?.kept === true;
}
