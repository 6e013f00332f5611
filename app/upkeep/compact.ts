import type pg from "pg";
import { refreshVisibility } from "../batches/visibility.sql.js";
import { inTransaction } from "../database/transaction.js";
import { lockTreeShared } from "../places/import-places.sql.js";
import { limitWaits, lockDataset } from "../rates/dataset.sql.js";
import {
  boundFold,
  buryFolded,
  claimFold,
  foldDays,
  foldRates,
  insertFold,
  listFold,
  listFoldable,
  lockFolded,
  setCompacted,
} from "./compact.sql.js";
import { reclaim } from "./reclaim.js";

export interface CompactOptions {
  /** Batches published within this many days can be retracted and stay as they are. */
  readonly retractableDays?: number;
  /** Fold a feed's month once this many batches hold days of it. */
  readonly batchesPerMonth?: number;
  /** Stops between two steps; the next call goes on. */
  readonly signal?: AbortSignal;
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
 * Rewriting a month for every batch that gets old would write hourly deliveries over and over; reading four rows instead
 * of one costs nothing that can be measured.
 */
const BATCHES_PER_MONTH = 4;

/**
 * Folds batches that can no longer be retracted into one row for each origin, destination and month, and deletes rows
 * that nobody can see. Answers stay the same to the last bit, and so does the dataset version.
 *
 * A month of a feed is one transaction: the new rows are written first, where nobody sees them, and the days are
 * pointed at them at its end, in a moment. So there is nothing to clean up wherever it is killed; the rows it replaced
 * are noted in `dead_months` by the same transaction, and deleted afterwards.
 */
export async function compact(pool: pg.Pool, options: CompactOptions = {}): Promise<CompactReport> {
  const retractableDays = options.retractableDays ?? 30;
  const { rows } = await pool.query<{ feed: string; month: string }>(listFoldable, [
    retractableDays,
    options.batchesPerMonth ?? BATCHES_PER_MONTH,
  ]);
  let folded = 0;
  for (const { feed, month } of rows) {
    options.signal?.throwIfAborted();
    options.onMonth?.(feed, month);
    try {
      if (await inTransaction(pool, (client) => fold(client, feed, month, retractableDays))) folded += 1;
    } catch (error) {
      if (!(error instanceof FoldChangedError)) throw error;
    }
  }
  const deleted = await reclaim(pool, { retractableDays, ...(options.signal ? { signal: options.signal } : {}) });
  return { folded, ...deleted };
}

/** A batch was retracted meanwhile, by someone whose retractableDays are more than ours: what was written is undone. */
class FoldChangedError extends Error {}

async function fold(client: pg.ClientBase, feed: string, month: string, retractableDays: number): Promise<boolean> {
  await client.query(boundFold);
  await client.query(lockTreeShared);
  const claim = await client.query<{ claimed: boolean }>(claimFold, [feed, month]);
  if (!claim.rows[0]?.claimed) return false;
  const { rows } = await client.query<{ inputs: number[] | null; batches: number[]; days: string[] }>(listFold, [
    retractableDays,
    feed,
    month,
  ]);
  const { inputs, batches, days } = rows[0] ?? {};
  // Somebody else folded them since they were listed.
  if (!inputs || !batches || !days || inputs.length < 2) return false;
  const inserted = await client.query<{ id: number }>(insertFold, [feed, month, batches]);
  const foldId = inserted.rows[0]?.id as number;
  await client.query(foldRates, [foldId, month, batches, days]);
  await client.query(foldDays, [foldId, batches, days]);

  await client.query(limitWaits);
  await client.query(lockDataset);
  const locked = await client.query<{ published: number }>(lockFolded, [inputs]);
  if (locked.rows[0]?.published !== inputs.length) throw new FoldChangedError();
  await client.query(buryFolded, [inputs, month]);
  await client.query(setCompacted, [inputs]);
  await client.query(refreshVisibility, [foldId]);
  return true;
}
