import { refreshVisibility } from "../batches/visibility.sql.js";
import type { Database } from "../database/database.js";
import type { Session } from "../database/queries.js";
import { limitWaits, lockDataset } from "../rates/dataset.sql.js";
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
import { beginFold, foldAll } from "./fold.js";
import { type ReclaimReport, reclaim } from "./reclaim.js";
import { Turns } from "./turns.js";

export interface CompactOptions {
  /** Batches published within this many days can be retracted and stay as they are. */
  readonly retractableDays?: number;
  /** Fold a feed's month once this many batches hold days of it. */
  readonly batchesPerMonth?: number;
  /** Told before each month. */
  readonly onMonth?: (feed: string, month: string) => void;
}

export interface CompactReport {
  /** Months of feeds that were folded. */
  readonly folded: number;
  /** Rows of daily_rates and of prices that were deleted, those of failed and retracted batches included. */
  readonly dailyRates: number;
  readonly prices: number;
}

/**
 * Rewriting a month for every batch that gets old would write hourly deliveries over and over; reading four rows
 * instead of one costs nothing that can be measured.
 */
const BATCHES_PER_MONTH = 4;

/**
 * Folds batches that can no longer be retracted into one row for each origin, destination and month, and deletes rows
 * that no consumer can see. Answers stay the same to the last bit, and so does the dataset version.
 *
 * A month of a feed is one transaction: the new rows are written first, where no consumer sees them, and at its end the
 * days are pointed at them, in a moment. So a process that is killed leaves nothing to clean up; the rows it replaced
 * are noted in `dead_months` by the same transaction, and deleted afterwards. Asked to stop, it does so at once.
 * @throws {UpkeepError} behind the last, if a month of a feed or the rows of a batch could not be done with.
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
      const work = database.transaction((session) => fold(session, feed, month, retractableDays));
      if (await work.catch(unlessChanged)) folded += 1;
    });
  }
  // Then the folds that publishing processes left. Not before: settled batches would be folded together with others,
  // and wait until these are settled too.
  await turns.take("not all batches were folded", async () => {
    await foldAll(database);
  });
  let deleted: ReclaimReport = { prices: 0, dailyRates: 0 };
  await turns.take("nothing was deleted", async () => {
    deleted = await reclaim(database, { retractableDays });
  });
  turns.end();
  return { folded, ...deleted };
}

/** A batch was retracted meanwhile by a process with larger `retractableDays`: this transaction rolls back. */
class FoldChangedError extends Error {}

function unlessChanged(error: unknown): false {
  if (error instanceof FoldChangedError) return false;
  throw error;
}

async function fold(session: Session, feed: string, month: string, retractableDays: number): Promise<boolean> {
  if (!(await beginFold(session, feed, month))) return false;
  const { inputs, batches, days, exact } = (await session.row(listFold, { retractableDays, feed, month })) ?? {};
  // Another process folded them after they were listed.
  if (!inputs || !batches || !days || inputs.length < 2) return false;
  // The batches stay as they are: to fail each night would tell an operator of what no one can change.
  if (!exact) return false;
  const foldId = (await session.row(insertFold, { feed, month, batches }))?.id as number;
  await session.run(foldRates, { foldId, month, batches, days });
  await session.run(foldDays, { foldId, batches, days });

  await session.run(limitWaits);
  await session.run(lockDataset);
  const locked = await session.row(lockFolded, { batches: inputs });
  if (locked?.published !== inputs.length) throw new FoldChangedError();
  await session.run(buryFolded, { batches: inputs, month });
  await session.run(setCompacted, { batches: inputs });
  await session.run(refreshVisibility, { batchId: foldId });
  return true;
}

/** Each transaction is short, because publishes wait for it. */
const DELIVERIES_AT_ONCE = 200;

/** Folds whose batches are all too old to be retracted stand for them from now on; no row of rates is written. */
async function settleFolds(database: Database, retractableDays: number): Promise<void> {
  const settled = await database.transaction((session) => session.rows(listSettledFolds, { retractableDays }));
  for (const { id: foldId } of settled) {
    while (await database.transaction((session) => settle(session, foldId)));
  }
}

/** @returns whether there is more to do. */
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
