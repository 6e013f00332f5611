import type pg from "pg";
import { inTransaction } from "../database/transaction.js";
import { lockTreeShared } from "../places/import-places.sql.js";
import { boundPart } from "./audit.sql.js";
import {
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
import { limitWaits, lockDataset, refreshVisibility } from "./visibility.sql.js";

export interface CompactOptions {
  /** Batches published within this many days can be retracted and stay as they are. */
  readonly retractableDays?: number;
  /** Fold a feed's month once this many batches hold the same day. */
  readonly batchesPerDay?: number;
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
 * Rewriting a day for every batch that gets old would write a year of hourly deliveries over and over; reading four
 * rows instead of one costs nothing that can be measured.
 */
const BATCHES_PER_DAY = 4;

/**
 * Folds batches that can no longer be retracted into one row for each origin, destination and day, and deletes rows
 * that nobody can see. Answers stay the same to the last bit, and so does the dataset version.
 *
 * A month of a feed is one transaction: the new rows are written first, where nobody sees them, and the days are
 * pointed at them at its end, in a moment. So there is nothing to clean up wherever it is killed; the rows it replaced
 * are noted in `dead_days` by the same transaction, and deleted afterwards.
 */
export async function compact(pool: pg.Pool, options: CompactOptions = {}): Promise<CompactReport> {
  const retractableDays = options.retractableDays ?? 30;
  const { rows } = await pool.query<{ feed: string; month: string }>(listFoldable, [
    retractableDays,
    options.batchesPerDay ?? BATCHES_PER_DAY,
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

/** Parallel arrays: `batches[i]` holds `days[i]`. */
interface Entries {
  readonly batches: readonly number[];
  readonly days: readonly string[];
}

async function fold(client: pg.ClientBase, feed: string, month: string, retractableDays: number): Promise<boolean> {
  await client.query(boundPart);
  await client.query(lockTreeShared);
  const claim = await client.query<{ claimed: boolean }>(claimFold, [feed, month]);
  if (!claim.rows[0]?.claimed) return false;
  const { rows } = await client.query<{ batches: number[] | null; days: string[]; seen: boolean[] }>(listFold, [
    retractableDays,
    feed,
    month,
  ]);
  const all = rows[0];
  if (!all?.batches) return false;

  const { copied, dropped } = sortOut(all.batches, all.days, all.seen);
  const foldId = copied.batches.length > 0 ? await write(client, feed, month, copied) : undefined;

  const inputs = [...new Set(dropped.batches)];
  if (inputs.length === 0) return false;
  await client.query(limitWaits);
  await client.query(lockDataset);
  const locked = await client.query<{ published: number }>(lockFolded, [inputs]);
  if (locked.rows[0]?.published !== inputs.length) throw new FoldChangedError();
  await client.query(buryFolded, [dropped.batches, dropped.days]);
  await client.query(setCompacted, [inputs]);
  if (foldId !== undefined) await client.query(refreshVisibility, [foldId]);
  return true;
}

/** Where several of a day are seen, all of them go into the fold; where one is, it stays and those it hides go. */
function sortOut(batches: readonly number[], days: readonly string[], seen: readonly boolean[]) {
  const copied = { batches: [] as number[], days: [] as string[] };
  const dropped = { batches: [] as number[], days: [] as string[] };
  const seenOfDay = new Map<string, number>();
  for (const [index, day] of days.entries()) seenOfDay.set(day, (seenOfDay.get(day) ?? 0) + (seen[index] ? 1 : 0));
  for (const [index, day] of days.entries()) {
    const batch = batches[index] as number;
    const alone = seenOfDay.get(day) === 1;
    if (seen[index] && alone) continue;
    dropped.batches.push(batch);
    dropped.days.push(day);
    if (!seen[index]) continue;
    copied.batches.push(batch);
    copied.days.push(day);
  }
  return { copied, dropped };
}

async function write(client: pg.ClientBase, feed: string, month: string, entries: Entries): Promise<number> {
  const { rows } = await client.query<{ id: number }>(insertFold, [feed, month, [...new Set(entries.batches)]]);
  const id = rows[0]?.id as number;
  await client.query(foldRates, [id, month, entries.batches, entries.days]);
  await client.query(foldDays, [id, entries.batches, entries.days]);
  return id;
}
