import { lock } from "../batches/publish.js";
import { FoldedChange, whileFoldsChange } from "../batches/unfold.js";
import { findHiddenAside, setLaidAside } from "../batches/unfold.sql.js";
import type { Database } from "../database/database.js";
import type { Session } from "../database/queries.js";
import { limitWaits, lockDataset } from "../rates/dataset.sql.js";
import { beginFold } from "./begin-fold.js";
import { boundFoldEarly, DUE } from "./fold.sql.js";
import { deleteRates, type Hidden, layHiddenAside, listHidden, listHiddenAround } from "./hidden.sql.js";

/**
 * Deletes the rates of published `replace` batches of which consumers see no day, so that questions do not read them.
 * The retract of what hides one writes them again from its prices. Answers stay the same. A transaction for each batch;
 * if the process is killed, nothing has changed.
 * @param around only in the feed and on the days of this batch.
 */
export async function layAsideHidden(database: Database, around?: number): Promise<void> {
  const found = await database.transaction((session) =>
    around === undefined ? session.rows(listHidden, DUE) : session.rows(listHiddenAround, { ...DUE, batchId: around }),
  );
  for (const batch of found) await database.transaction((session) => layAside(session, batch)).catch(unlessShown);
}

/** A retract shows a day of the batch again: this transaction rolls back. */
class ShownError extends Error {}

function unlessShown(error: unknown): void {
  if (!(error instanceof ShownError)) throw error;
}

async function layAside(session: Session, { id, feed, months, from_day, last_day }: Hidden): Promise<void> {
  for (const month of months) if (!(await beginFold(session, feed, month))) return;
  await session.run(boundFoldEarly);
  await session.run(deleteRates, { id, fromDay: from_day, lastDay: last_day });
  await session.run(limitWaits);
  await session.run(lockDataset);
  await session.run(setLaidAside, { batches: [id], laidAside: true });
  if ((await session.run(layHiddenAside, { id })) === 0) throw new ShownError();
}

/** Writes the rates of such a batch again, to be folded with others for good. */
export function bringBackHidden(database: Database, batchId: number): Promise<void> {
  return whileFoldsChange(database, async (session) => {
    const hidden = await FoldedChange.bringingBack(session, batchId, findHiddenAside);
    await lock(session, batchId, 0);
    await hidden.expectUnchanged();
    await hidden.takeBack();
  });
}
