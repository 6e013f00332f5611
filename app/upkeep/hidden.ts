import { lock } from "../batches/publish.js";
import { FoldedChange, whileFoldsChange } from "../batches/unfold.js";
import { findHiddenAside, setLaidAside } from "../batches/unfold.sql.js";
import type { Database } from "../database/database.js";
import type { Session } from "../database/queries.js";
import { beginFold, lockPointers } from "./begin-fold.js";
import { boundFoldEarly, DUE } from "./fold.sql.js";
import { deleteRates, type Hidden, layHiddenAside, listHidden, listHiddenAround, listWithRates } from "./hidden.sql.js";

/** Few, so that the transaction that marks them is short: publishes wait for it. */
const BATCHES_AT_ONCE = 16;

/**
 * Deletes the rates of batches of which consumers see no day, so that questions do not read these rates: batches that
 * were retracted, and published `replace` batches that later batches hide on all their days. The publish or retract
 * that shows such a batch again writes its rates from its prices. Answers stay the same. A few batches of the same
 * months share a transaction; if the process is killed, it has changed nothing.
 * @param around the id of a batch, to look only in its feed and on its days; all feeds if not given.
 */
export async function layAsideHidden(database: Database, around?: number): Promise<void> {
  const found = await database.transaction((session) =>
    around === undefined ? session.rows(listHidden, DUE) : session.rows(listHiddenAround, { ...DUE, batchId: around }),
  );
  for (const { ids, ...of } of found) {
    for (let from = 0; from < ids.length; from += BATCHES_AT_ONCE) {
      const some = { ...of, ids: ids.slice(from, from + BATCHES_AT_ONCE) };
      await database.transaction((session) => layAside(session, some)).catch(unlessShown);
    }
  }
}

/** A publish or retract made a day of the batches visible again. The transaction rolls back. */
class ShownError extends Error {}

function unlessShown(error: unknown): void {
  if (!(error instanceof ShownError)) throw error;
}

async function layAside(session: Session, { feed, months, ids: listed }: Hidden): Promise<void> {
  for (const month of months) if (!(await beginFold(session, feed, month))) return;
  // Another process laid some aside after they were listed. It may be bringing the rates of one back, which would then
  // come twice.
  const ids = (await session.rows(listWithRates, { ids: listed })).map(({ id }) => id);
  if (ids.length === 0) return;
  await session.run(boundFoldEarly);
  await session.run(deleteRates, { ids, firstMonth: months[0], lastMonth: months.at(-1) });
  await lockPointers(session);
  await session.run(setLaidAside, { batches: ids, laidAside: true });
  if ((await session.run(layHiddenAside, { ids })) === 0) throw new ShownError();
}

/** Writes the rates of a hidden batch again, so that compaction can fold them with others for good. */
export function bringBackHidden(database: Database, batchId: number): Promise<void> {
  return whileFoldsChange(database, async (session) => {
    const hidden = await FoldedChange.bringingBack(session, batchId, findHiddenAside);
    await lock(session, batchId, 0);
    await hidden.expectUnchanged();
    await hidden.takeBack();
  });
}
