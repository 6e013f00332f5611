import type pg from "pg";
import { inTransaction } from "../database/transaction.js";
import { lockTreeShared } from "../places/import-places.sql.js";
import { lockDataset } from "../rates/dataset.sql.js";
import {
  buryMonths,
  deleteDailyRates,
  deletePrices,
  deletePricesAside,
  findBlocks,
  forgetBadLines,
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

export interface ReclaimOptions {
  /** A retracted batch is kept this many days after its publish, so that it can be published again. */
  readonly retractableDays?: number;
  /** Stops after the chunk that runs; the next call goes on. */
  readonly signal?: AbortSignal;
}

export interface ReclaimReport {
  /** Rows of prices and of daily_rates that were deleted. */
  readonly prices: number;
  readonly dailyRates: number;
}

/** 16 MiB of table: about a quarter of a million rows for each short transaction. */
const BLOCKS_AT_ONCE = 2_048;

/**
 * Deletes the rows of batches that nobody can see or bring back, in chunks behind everyone's back: readers keep their
 * snapshots, and writers hold no lock that this wants. So are, after the same time, the bad lines of failed batches, of
 * which the counts stay. Killed at any point, the next call goes on with what is left.
 * @throws {UpkeepError} behind the last, if some of it could not be deleted.
 */
export async function reclaim(pool: pg.Pool, options: ReclaimOptions = {}): Promise<ReclaimReport> {
  const { retractableDays = 30 } = options;
  await pool.query(forgetBadLines, [retractableDays]);
  const { rows } = await pool.query<{ id: number }>(listReclaimable, [retractableDays]);
  return reclaimBatches(
    pool,
    rows.map((row) => row.id),
    options,
  );
}

/** {@link reclaim} for one batch; nothing happens if it is not one that may go. */
export function reclaimBatch(pool: pg.Pool, batchId: number, options: ReclaimOptions = {}): Promise<ReclaimReport> {
  return reclaimBatches(pool, [batchId], options);
}

async function reclaimBatches(pool: pg.Pool, ids: readonly number[], options: ReclaimOptions): Promise<ReclaimReport> {
  const { retractableDays = 30, signal } = options;
  const turns = new Turns(signal);
  const emptied: number[] = [];
  let prices = 0;
  for (const id of ids) {
    await turns.take(`The prices of batch ${id} were not deleted`, async () => {
      if (!(await inTransaction(pool, (client) => bury(client, id, retractableDays), signal))) return;
      prices += await sweepPrices(pool, id, signal);
      emptied.push(id);
    });
  }
  const dailyRates = await sweepDeadMonths(pool, turns, signal);
  await pool.query(setReclaimed, [emptied]);
  await pool.query(forgetFolded);
  turns.end();
  return { prices, dailyRates };
}

async function bury(client: pg.ClientBase, batchId: number, retractableDays: number): Promise<boolean> {
  // A place import that is under way would bring rows back behind the sweep.
  await client.query(lockTreeShared);
  await client.query(stopAudits, [batchId]);
  await client.query(lockDataset.text);
  const { rowCount } = await client.query(giveUpBatch, [batchId, retractableDays]);
  if (!rowCount) return false;
  await client.query(buryMonths, [batchId]);
  return true;
}

async function sweepPrices(pool: pg.Pool, batchId: number, signal?: AbortSignal): Promise<number> {
  let deleted = 0;
  const { rows: months } = await pool.query<{ month: string }>(listMonthsOfPrices, [batchId]);
  for (const { month } of months) {
    signal?.throwIfAborted();
    deleted += (await pool.query(deletePricesAside, [batchId, month])).rowCount ?? 0;
    const { rows } = await pool.query<{ first: string | null; last: string }>(findBlocks, [batchId, month]);
    const blocks = rows[0];
    if (!blocks || blocks.first === null) continue;
    for (let from = Number(blocks.first); from <= Number(blocks.last); from += BLOCKS_AT_ONCE) {
      signal?.throwIfAborted();
      const { rowCount } = await pool.query(deletePrices, [batchId, month, from, from + BLOCKS_AT_ONCE]);
      deleted += rowCount ?? 0;
    }
  }
  return deleted;
}

async function sweepDeadMonths(pool: pg.Pool, turns: Turns, signal?: AbortSignal): Promise<number> {
  let deleted = 0;
  const { rows } = await pool.query<{ month: string; batches: number[]; blocks: number }>(listDeadMonths);
  for (const { month, batches, blocks } of rows) {
    await turns.take(`Daily rates of ${month.slice(0, 7)} were not deleted`, async () => {
      for (let from = 0; from < blocks; from += BLOCKS_AT_ONCE) {
        signal?.throwIfAborted();
        deleted += (await pool.query(deleteDailyRates, [month, batches, from, from + BLOCKS_AT_ONCE])).rowCount ?? 0;
      }
      await pool.query(forgetDeadMonth, [month, batches]);
    });
  }
  return deleted;
}
