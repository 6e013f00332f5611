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
  findDueAround,
  giveDays,
  insertEarlyFold,
  inspectInputs,
  listDue,
  lockInputs,
  moveRates,
  readCorrections,
  setAddedUp,
  setFolded,
} from "./fold.sql.js";
import { observeFold } from "./fold-metrics.js";

export interface FoldOptions {
  /** Batches of a level that become one of the next. */
  readonly fanIn?: number;
}

/**
 * Folds one group of published batches that is due, of the feed and the months of a batch, although they can still be
 * retracted: the rates of a few small ones become those of one fold, and later those of a few folds of one larger.
 * Answers stay the same, and so does the dataset version. One transaction, which takes the lock that publishes wait for
 * only at its end, for a moment. If the process is killed, nothing has changed.
 * @returns false if nothing is due, or other processes are folding it.
 */
export async function foldAround(
  database: Database,
  batchId: number,
  { fanIn = DUE.fanIn }: FoldOptions = {},
): Promise<boolean> {
  const due = await database.row(findDueAround, { ...DUE, fanIn, batchId });
  return due !== undefined && makeFold(database, due);
}

/**
 * As {@link foldAround}, for all that is due of all feeds. What other processes are folding is left to them.
 * @returns how many folds it made.
 */
export async function foldAll(database: Database, { fanIn = DUE.fanIn }: FoldOptions = {}): Promise<number> {
  let made = 0;
  // Folds of one level may make others due.
  for (let before = -1; made > before; ) {
    before = made;
    for (const due of await database.transaction((session) => session.rows(listDue, { ...DUE, fanIn }))) {
      if (await makeFold(database, due)) made += 1;
    }
  }
  return made;
}

function makeFold(database: Database, due: Due): Promise<boolean> {
  const [only, ...others] = due.inputs as [number, ...number[]];
  const make = (session: Session) => (others.length === 0 ? addUp(session, due, only) : fold(session, due));
  return observeFold(() => database.transaction(make).catch(unlessChanged));
}

/** Batches were retracted meanwhile: this transaction rolls back. */
class InputsChangedError extends Error {}

function unlessChanged(error: unknown): false {
  if (error instanceof InputsChangedError) return false;
  throw error;
}

async function fold(session: Session, { feed, month, level, inputs }: Due): Promise<boolean> {
  if (!(await beginFold(session, feed, month))) return false;
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

/**
 * Makes one row for each lane of a fold and of the rows that took batches out of it. Nothing else changes, so no lock of
 * publishes is needed; rows of a retract that is under way stay beside it.
 */
async function addUp(session: Session, { feed, month }: Due, foldId: number): Promise<boolean> {
  if (!(await beginFold(session, feed, month))) return false;
  const corrections = (await session.row(readCorrections, { foldId }))?.corrections ?? 0;
  // Another process was faster.
  if (corrections === 0) return false;
  await session.run(boundFoldEarly);
  await session.run(moveRates, { foldId, inputs: [foldId], month });
  await session.run(limitWaits);
  await session.run(setAddedUp, { foldId, corrections });
  return true;
}

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
