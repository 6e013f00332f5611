import { refreshOwnVisibility } from "../batches/visibility.sql.js";
import type { Database } from "../database/database.js";
import type { Session } from "../database/queries.js";
import { limitWaits } from "../rates/dataset.sql.js";
import { beginFold, lockPointers } from "./begin-fold.js";
import {
  addUpDays,
  boundFoldEarly,
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

/** How many batches make a fold. */
export interface FoldOptions {
  /** How many batches of a level become one batch of the next level; {@link DUE} if not given. */
  readonly fanIn?: number;
}

/**
 * Makes one fold that is due in the feed and the months of a batch. The batches of a fold can still be retracted. The
 * rates of a few small batches become those of one fold; later, a few folds become one larger fold. Answers stay the
 * same, and so does the dataset version. A fold is one transaction. Only at its end does it take the lock that
 * publishes wait for, for a moment. If the process is killed, nothing has changed.
 * @returns false if nothing is due, or if another process is making the fold.
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
 * As {@link foldAround}, but makes every fold that is due, in all feeds. Leaves out folds that other processes are
 * making.
 * @returns how many folds this call made.
 */
export async function foldAll(database: Database, { fanIn = DUE.fanIn }: FoldOptions = {}): Promise<number> {
  let made = 0;
  // The folds of one level may make a fold of the next level due.
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

/** Some of the batches were retracted in the meantime. The transaction rolls back. */
class InputsChangedError extends Error {}

function unlessChanged(error: unknown): false {
  if (error instanceof InputsChangedError) return false;
  throw error;
}

async function fold(session: Session, { feed, month, level, inputs }: Due): Promise<boolean> {
  if (!(await beginFold(session, feed, month))) return false;
  const before = await session.row(inspectInputs, { inputs, month });
  // Another process folded the batches after they were listed.
  if (before?.holders !== inputs.length) return false;
  await session.run(boundFoldEarly);
  const foldId = (await session.row(insertEarlyFold, { feed, month, level, inputs }))?.id as number;
  await session.run(addUpDays, { foldId, inputs, month });
  await session.run(moveRates, { foldId, inputs, month });

  await lockPointers(session);
  await session.run(lockInputs, { inputs });
  const after = await session.row(inspectInputs, { inputs, month });
  // A retract lowers this number, whether it came before or after the rows were read; nothing raises it.
  if (after?.holders !== inputs.length || after.prices !== before.prices) throw new InputsChangedError();
  await session.run(giveDays, { foldId, inputs, month });
  await session.run(setFolded, { inputs });
  await session.run(refreshOwnVisibility, { batchId: foldId });
  return true;
}

/**
 * Adds up the rows of a fold with its corrections, the rows that took batches out of it: one row for each lane is left.
 * Nothing else changes, so this needs no lock that publishes wait for. The rows of a retract that is under way stay
 * beside the result.
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
