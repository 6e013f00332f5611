import { refreshOwnVisibility } from "../batches/visibility.sql.js";
import type { Database } from "../database/database.js";
import type { Session } from "../database/queries.js";
import { limitWaits, lockDataset } from "../rates/dataset.sql.js";
import { beginFold, lockPointers } from "./begin-fold.js";
import {
  buryFolded,
  foldDays,
  foldRates,
  forgetFolds,
  insertFold,
  listFold,
  listFoldable,
  listSettledFolds,
  lockFolded,
  releaseDeliveries,
  releaseFolds,
  setCompacted,
  setSettled,
} from "./compact.sql.js";
import { foldAll } from "./fold.js";
import { bringBackHidden, layAsideHidden } from "./hidden.js";
import { type ReclaimReport, reclaim } from "./reclaim.js";
import { Turns } from "./turns.js";

/** Which batches a compaction folds. */
export interface CompactOptions {
  /** Batches that were published in this many last days can be retracted, so they are not folded. */
  readonly retractableDays?: number;
  /** A month of a feed is folded once at least this many settled batches hold days of it. */
  readonly batchesPerMonth?: number;
  /** Called before each month. */
  readonly onMonth?: (feed: string, month: string) => void;
}

/** What a compaction did. */
export interface CompactReport {
  /** Number of folded months, counted for each feed. */
  readonly folded: number;
  /** Deleted rows of daily_rates and of prices, those of failed and retracted batches included. */
  readonly dailyRates: number;
  readonly prices: number;
}

/**
 * With a smaller number, hourly deliveries would be written again and again, each time that another batch gets old.
 * Reading up to four rows instead of one costs nothing that can be measured.
 */
const BATCHES_PER_MONTH = 4;

/**
 * Folds batches that can no longer be retracted into one row for each origin, destination and month, and deletes rows
 * that no consumer can see. Answers stay the same to the last bit, and so does the dataset version.
 *
 * Each month of a feed is one transaction. It first writes the new rows, which no consumer sees yet. At its end it
 * switches the days to the new rows, which takes a moment, and notes the old rows in `dead_months`. They are deleted
 * afterwards. A process that is killed therefore leaves nothing to clean up. When the database's signal aborts, the
 * compaction stops at once.
 * @throws {UpkeepError} after all other work, if a month of a feed could not be folded or the rows of a batch could not
 * be deleted.
 */
export async function compact(database: Database, options: CompactOptions = {}): Promise<CompactReport> {
  const { retractableDays = 30, batchesPerMonth: batches = BATCHES_PER_MONTH } = options;
  const turns = new Turns(database.patience.signal);
  await turns.take("not all folds were settled", () => settleFolds(database, retractableDays));
  const foldable = await database.transaction((session) => session.rows(listFoldable, { retractableDays, batches }));
  let folded = 0;
  for (const { feed, month } of foldable) {
    options.onMonth?.(feed, month);
    await turns.take(`${feed}, ${month.slice(0, 7)}, was not folded`, async () => {
      const found = { retractableDays, feed, month };
      const aside = (await database.transaction((session) => session.row(listFold, found)))?.aside ?? [];
      for (const id of aside) await bringBackHidden(database, id);
      const work = database.transaction((session) => fold(session, feed, month, retractableDays));
      if (await work.catch(unlessChanged)) folded += 1;
    });
  }
  // Now make the folds that publishing processes did not make. Not before: settled batches would be folded together
  // with batches that are not settled, and would have to wait until these are settled too.
  await turns.take("not all batches were folded", async () => {
    await foldAll(database);
  });
  let deleted: ReclaimReport = { prices: 0, dailyRates: 0 };
  await turns.take("nothing was deleted", async () => {
    deleted = await reclaim(database, { retractableDays });
  });
  await turns.take("the rates of hidden batches were not deleted", () => layAsideHidden(database));
  turns.end();
  return { folded, ...deleted };
}

/** A process with larger `retractableDays` retracted a batch in the meantime. The transaction rolls back. */
class FoldChangedError extends Error {}

function unlessChanged(error: unknown): false {
  if (error instanceof FoldChangedError) return false;
  throw error;
}

async function fold(session: Session, feed: string, month: string, retractableDays: number): Promise<boolean> {
  if (!(await beginFold(session, feed, month))) return false;
  const { inputs, batches, days, aside, exact } = (await session.row(listFold, { retractableDays, feed, month })) ?? {};
  // Another process laid the rates of some batches aside again.
  if (aside) return false;
  // Another process folded the batches after they were listed.
  if (!inputs || !batches || !days || inputs.length < 2) return false;
  // The batches stay as they are: to fail each night would tell an operator of what no one can change.
  if (!exact) return false;
  const foldId = (await session.row(insertFold, { feed, month, batches }))?.id as number;
  await session.run(foldRates, { foldId, month, batches, days });
  await session.run(foldDays, { foldId, batches, days });

  await lockPointers(session);
  const locked = await session.row(lockFolded, { batches: inputs });
  if (locked?.published !== inputs.length) throw new FoldChangedError();
  await session.run(buryFolded, { batches: inputs, month });
  await session.run(setCompacted, { batches: inputs });
  await session.run(refreshOwnVisibility, { batchId: foldId });
  return true;
}

/** Few, so that each transaction is short: publishes wait for it. */
const DELIVERIES_AT_ONCE = 200;

/**
 * Settles the folds whose batches are all too old to be retracted: such a fold replaces its batches for good. No row of
 * rates is written.
 */
async function settleFolds(database: Database, retractableDays: number): Promise<void> {
  const settled = await database.transaction((session) => session.rows(listSettledFolds, { retractableDays }));
  for (const { id: foldId } of settled) {
    while (await database.transaction((session) => settle(session, foldId)));
  }
}

/** @returns true if the fold holds more deliveries. */
async function settle(session: Session, foldId: number): Promise<boolean> {
  await session.run(limitWaits);
  await session.run(lockDataset);
  const batches = await session.rows(releaseDeliveries, { foldId, limit: DELIVERIES_AT_ONCE });
  if (batches.length > 0) {
    await session.run(setCompacted, { batches: batches.map(({ id }) => id) });
    return true;
  }
  const folds = await session.rows(releaseFolds, { foldId });
  await session.run(forgetFolds, { ids: folds.map(({ id }) => id) });
  await session.run(setSettled, { foldId });
  return false;
}
