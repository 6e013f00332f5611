import { refreshOwnVisibility } from "../batches/visibility.sql.js";
import type { Database } from "../database/database.js";
import type { Session } from "../database/queries.js";
import { lockTreeShared } from "../places/import-places.sql.js";
import { limitWaits, lockDataset } from "../rates/dataset.sql.js";
import { keepMonth } from "../rates/month.sql.js";
import {
  addUpDays,
  boundFold,
  boundFoldEarly,
  claimFold,
  DUE,
  type Due,
  findDue,
  findDueAround,
  giveDays,
  insertEarlyFold,
  inspectInputs,
  lockInputs,
  moveRates,
  setFolded,
} from "./fold.sql.js";
import { observeFold } from "./fold-metrics.js";

export interface FoldOptions {
  /** Only in the feed and the months of this batch. */
  readonly around?: number;
  /** Batches of a level that become one of the next. */
  readonly fanIn?: number;
}

/**
 * Folds one group of published batches that is due, although they can still be retracted: the rates of a few small ones
 * become those of one fold, and later those of a few folds of one larger. Answers stay the same, and so does the
 * dataset version. One transaction, which takes the lock that publishes wait for only at its end, for a moment. If the
 * process is killed, nothing has changed.
 * @returns false if nothing is due, or other processes are folding it.
 */
export async function foldNext(database: Database, { around, fanIn = DUE.fanIn }: FoldOptions = {}): Promise<boolean> {
  const params = { ...DUE, fanIn };
  const due =
    around === undefined
      ? await database.transaction((session) => session.row(findDue, params))
      : await database.row(findDueAround, { ...params, batchId: around });
  if (!due) return false;
  return observeFold(() => database.transaction((session) => fold(session, due)).catch(unlessChanged));
}

/** Batches were retracted meanwhile: this transaction rolls back. */
class InputsChangedError extends Error {}

function unlessChanged(error: unknown): false {
  if (error instanceof InputsChangedError) return false;
  throw error;
}

async function fold(session: Session, { feed, month, level, inputs }: Due): Promise<boolean> {
  await session.run(boundFold);
  await session.run(lockTreeShared);
  if (!(await session.row(claimFold, { feed, month }))?.claimed) return false;
  if (!(await session.row(keepMonth, { month }))?.kept) return false;
  const before = await session.row(inspectInputs, { inputs, month });
  // Another process folded them after they were listed.
  if (before?.holders !== inputs.length) return false;
  await session.run(boundFoldEarly);
  const foldId = (await session.row(insertEarlyFold, { feed, month, level, inputs }))?.id as number;
  await session.run(addUpDays, { foldId, inputs, month });
  await session.run(moveRates, { foldId, inputs, month });

  await session.run(limitWaits);
  await session.run(lockDataset);
  await session.run(lockInputs, { inputs });
  const after = await session.row(inspectInputs, { inputs, month });
  // A retract makes the prices less before or after its rows were read, and nothing makes them more.
  if (after?.holders !== inputs.length || after.prices !== before.prices) throw new InputsChangedError();
  await session.run(giveDays, { foldId, inputs, month });
  await session.run(setFolded, { inputs });
  await session.run(refreshOwnVisibility, { batchId: foldId });
  return true;
}
