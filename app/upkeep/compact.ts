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
import { type ReclaimReport, reclaim } from "./reclaim.js";
import { keepMonth } from "./retention.sql.js";
import { Turns } from "./turns.js";

export interface CompactOptions {
  /** Batches published within this many days can be retracted and stay as they are. */
  readonly retractableDays?: number;
  /** Fold a feed's month once this many batches hold days of it. */
  readonly batchesPerMonth?: number;
  /** Stops at once: a month that is being folded stays as it was, and the next call goes on. */
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
 * @throws {UpkeepError} behind the last, if a month of a feed or the rows of a batch could not be done with.
 */
export async function compact(pool: pg.Pool, options: CompactOptions = {}): Promise<CompactReport> {
  const retractableDays = options.retractableDays ?? 30;
  const { rows } = await pool.query<{ feed: string; month: string }>(listFoldable, [
    retractableDays,
    options.batchesPerMonth ?? BATCHES_PER_MONTH,
  ]);
  const { signal } = options;
  const turns = new Turns(signal);
  let folded = 0;
  for (const { feed, month } of rows) {
    options.onMonth?.(feed, month);
    await turns.take(`${feed}, ${month.slice(0, 7)}, was not folded`, async () => {
      const work = inTransaction(pool, (client) => fold(client, feed, month, retractableDays), signal);
      if (await work.catch(unlessChanged)) folded += 1;
    });
  }
  let deleted: ReclaimReport = { prices: 0, dailyRates: 0 };
  await turns.take("nothing was deleted", async () => {
    deleted = await reclaim(pool, { retractableDays, ...(signal ? { signal } : {}) });
  });
  turns.end();
  return { folded, ...deleted };
}

/** A batch was retracted meanwhile, by someone whose retractableDays are more than ours: what was written is undone. */
class FoldChangedError extends Error {}

function unlessChanged(error: unknown): false {
  if (error instanceof FoldChangedError) return false;
  throw error;
}

async function fold(client: pg.ClientBase, feed: string, month: string, retractableDays: number): Promise<boolean> {
  await client.query(boundFold);
  await client.query(lockTreeShared);
  const claim = await client.query<{ claimed: boolean }>(claimFold, [feed, month]);
  if (!claim.rows[0]?.claimed) return false;
  const keep = await client.query<{ kept: boolean }>(keepMonth, [month]);
  if (!keep.rows[0]?.kept) return false;
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

  await client.query(limitWaits.text);
  await client.query(lockDataset.text);
  const locked = await client.query<{ published: number }>(lockFolded, [inputs]);
  if (locked.rows[0]?.published !== inputs.length) throw new FoldChangedError();
  await client.query(buryFolded, [inputs, month]);
  await client.query(setCompacted, [inputs]);
  await client.query(refreshVisibility.text, [foldId]);
  return true;
}
