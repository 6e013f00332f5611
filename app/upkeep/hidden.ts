import { lock } from "../batches/publish.js";
import { FoldedChange, whileFoldsChange } from "../batches/unfold.js";
import { findHiddenAside, setLaidAside } from "../batches/unfold.sql.js";
import type { Database } from "../database/database.js";
import type { Session } from "../database/queries.js";
import { beginFold, lockPointers } from "./begin-fold.js";
import { boundFoldEarly, DUE } from "./fold.sql.js";
import { deleteRates, type Hidden, keepsRates, layHiddenAside, listHidden, listHiddenAround } from "./hidden.sql.js";

/**
 * Deletes the rates of published `replace` batches that later batches hide on all their days, so that questions do not
 * read these rates. If the later batch is retracted, the retract writes the rates again from the prices. Answers stay
 * the same. Each batch has a transaction of its own; if the process is killed, nothing of it has changed.
 * @param around the id of a batch, to look only in its feed and on its days; all feeds if not given.
 */
export async function layAsideHidden(database: Database, around?: number): Promise<void> {
  const found = await database.transaction((session) =>
    around === undefined ? session.rows(listHidden, DUE) : session.rows(listHiddenAround, { ...DUE, batchId: around }),
  );
  for (const batch of found) await database.transaction((session) => layAside(session, batch)).catch(unlessShown);
}

/** A retract made a day of the batch visible again. The transaction rolls back. */
class ShownError extends Error {}

function unlessShown(error: unknown): void {
  if (!(error instanceof ShownError)) throw error;
}

async function layAside(session: Session, { id, feed, months, from_day, last_day }: Hidden): Promise<void> {
  for (const month of months) if (!(await beginFold(session, feed, month))) return;
  // Another process laid it aside after it was listed. It may be bringing the rates back, which would then come twice.
  if ((await session.run(keepsRates, { id })) === 0) return;
  await session.run(boundFoldEarly);
  await session.run(deleteRates, { id, fromDay: from_day, lastDay: last_day });
  await lockPointers(session);
  await session.run(setLaidAside, { batches: [id], laidAside: true });
  if ((await session.run(layHiddenAside, { id })) === 0) throw new ShownError();
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
