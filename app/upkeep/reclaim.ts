import type { Database } from "../database/database.js";
import type { Session } from "../database/queries.js";
import { lockTreeShared } from "../places/import-places.sql.js";
import { lockDataset } from "../rates/dataset.sql.js";
import { findOwnBlocks } from "../rates/roll-up/roll-up.sql.js";
import {
  buryMonths,
  deleteDailyRates,
  deleteOldBadLines,
  deletePrices,
  deletePricesAside,
  forgetDeadMonth,
  forgetFolded,
  giveUpBatch,
  listDeadMonths,
  listMonthsOfPrices,
  listReclaimable,
  setReclaimed,
  stopAudits,
} from "./reclaim.sql.js";
import { Turns } from "./turns.js";

/** How long retracted batches are kept. */
export interface ReclaimOptions {
  /** A retracted batch is kept for this many days after its first publish, so that it can be published again. */
  readonly retractableDays?: number;
}

/** How many rows were deleted. */
export interface ReclaimReport {
  /** Deleted rows of `prices` (and those that still waited for their audit), and of `daily_rates`. */
  readonly prices: number;
  readonly dailyRates: number;
}

/** 16 MiB of a table: about 250,000 rows for each short transaction. */
const BLOCKS_AT_ONCE = 2_048;

/**
 * Deletes, in chunks, the rows of batches that consumers cannot see and users cannot bring back. Readers and writers do
 * not wait for it. The bad lines of failed batches are deleted after the same number of days; their counts stay. If the
 * process is killed, the next call goes on with the rest.
 * @throws {UpkeepError} after all other work, if some rows could not be deleted.
 */
export async function reclaim(database: Database, options: ReclaimOptions = {}): Promise<ReclaimReport> {
  const { retractableDays = 30 } = options;
  await database.transaction((session) => session.run(deleteOldBadLines, { days: retractableDays }));
  const found = await database.rows(listReclaimable, { retractableDays });
  return reclaimBatches(
    database,
    found.map(({ id }) => id),
    options,
  );
}

/** As {@link reclaim}, for one batch. Does nothing if the rows of the batch must stay. */
export function reclaimBatch(
  database: Database,
  batchId: number,
  options: ReclaimOptions = {},
): Promise<ReclaimReport> {
  return reclaimBatches(database, [batchId], options);
}

async function reclaimBatches(
  database: Database,
  ids: readonly number[],
  { retractableDays = 30 }: ReclaimOptions,
): Promise<ReclaimReport> {
  const turns = new Turns(database.patience.signal);
  const emptied: number[] = [];
  let prices = 0;
  for (const id of ids) {
    await turns.take(`The prices of batch ${id} were not deleted`, async () => {
      if (!(await database.transaction((session) => bury(session, id, retractableDays)))) return;
      prices += await sweepPrices(database, id);
      emptied.push(id);
    });
  }
  const dailyRates = await sweepDeadMonths(database, turns);
  await database.run(setReclaimed, { emptied });
  await database.run(forgetFolded);
  turns.end();
  return { prices, dailyRates };
}

async function bury(session: Session, batchId: number, retractableDays: number): Promise<boolean> {
  // Wait for place imports: one that is under way could otherwise write rows again after they were deleted.
  await session.run(lockTreeShared);
  await session.run(stopAudits, { batchId });
  await session.run(lockDataset);
  if (!(await session.run(giveUpBatch, { batchId, retractableDays }))) return false;
  await session.run(buryMonths, { batchId });
  return true;
}

async function sweepPrices(database: Database, batchId: number): Promise<number> {
  let deleted = 0;
  for (const { month } of await database.rows(listMonthsOfPrices, { batchId })) {
    deleted += await database.transaction((session) => session.run(deletePricesAside, { batchId, month }));
    const blocks = await database.transaction((session) => session.row(findOwnBlocks, { batchId, month }));
    if (!blocks || blocks.first === null) continue;
    for (let fromBlock = blocks.first; fromBlock <= blocks.last; fromBlock += BLOCKS_AT_ONCE) {
      const chunk = { batchId, month, fromBlock, toBlock: fromBlock + BLOCKS_AT_ONCE };
      deleted += await database.transaction((session) => session.run(deletePrices, chunk));
    }
  }
  return deleted;
}

async function sweepDeadMonths(database: Database, turns: Turns): Promise<number> {
  let deleted = 0;
  for (const { month, batches, blocks } of await database.rows(listDeadMonths)) {
    await turns.take(`Daily rates of ${month.slice(0, 7)} were not deleted`, async () => {
      for (let fromBlock = 0; fromBlock < blocks; fromBlock += BLOCKS_AT_ONCE) {
        const chunk = { month, batches, fromBlock, toBlock: fromBlock + BLOCKS_AT_ONCE };
        deleted += await database.transaction((session) => session.run(deleteDailyRates, chunk));
      }
      await database.run(forgetDeadMonth, { month, batches });
    });
  }
  return deleted;
}
