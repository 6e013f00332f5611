import { keepTotals } from "../batches/totals.sql.js";
import { type NoParams, statement } from "../database/statement.js";

/**
 * Batches whose rows are still there, although consumers cannot see them and users cannot bring them back: failed,
 * duplicate, or retracted and first published more than `retractableDays` ago. Batches that compaction folded are not
 * listed: their dead months are deleted in any case.
 */
export const listReclaimable = statement<{ retractableDays: number }, { id: number }>(`
  SELECT id FROM batches
  WHERE reclaimed_at IS NULL
    AND (state IN ('failed', 'duplicate')
         OR state = 'retracted' AND published_at < clock_timestamp() - make_interval(days => $retractableDays::integer))
  ORDER BY id`);

/**
 * Deletes the bad lines of batches that failed more than `days` days ago. By then their owners have repaired the lines,
 * or never will.
 */
export const deleteOldBadLines = statement<{ days: number }>(`
  DELETE FROM bad_lines l USING batches b
  WHERE b.id = l.batch_id AND b.state = 'failed' AND b.failed_at < clock_timestamp() - make_interval(days => $days::integer)`);

/** Waits until no worker is in the middle of a part of the batch's audit, and makes sure that no other part begins. */
export const stopAudits = statement<{ batchId: number }>(`
  WITH stopped AS (SELECT from_day FROM audit_parts WHERE batch_id = $batchId FOR UPDATE)
  DELETE FROM audit_parts a USING stopped WHERE a.batch_id = $batchId AND a.from_day = stopped.from_day`);

/**
 * Gives up a batch: with `compacted_at` set, a publish refuses it. The totals of a failed batch are final only now,
 * because a piece could still commit at the moment when the batch failed.
 */
export const giveUpBatch = statement<{ batchId: number; retractableDays: number }, { id: number }>(`
  UPDATE batches SET compacted_at = coalesce(compacted_at, clock_timestamp()), laid_aside = false, ${keepTotals}
  WHERE id = $batchId AND reclaimed_at IS NULL
    AND (state IN ('failed', 'duplicate')
         OR state = 'retracted' AND published_at < clock_timestamp() - make_interval(days => $retractableDays::integer))
  RETURNING id`);

/** Takes all days from a batch, and notes its rows of daily_rates as dead, by month. */
export const buryMonths = statement<{ batchId: number }>(`
  WITH buried AS (DELETE FROM batch_days WHERE batch_id = $batchId RETURNING batch_id, day)
  INSERT INTO dead_months (batch_id, month) SELECT DISTINCT batch_id, date_trunc('month', day)::date FROM buried`);

/** The first days of the months in which the batch may have prices. */
export const listMonthsOfPrices = statement<{ batchId: number }, { month: string }>(`
  SELECT DISTINCT to_char(unnest(months), 'YYYY-MM-01') AS month FROM pieces WHERE batch_id = $batchId ORDER BY month`);

/** Deletes prices of a batch and month in the blocks of the table from `fromBlock` to before `toBlock`. */
export const deletePrices = statement<{ batchId: number; month: string; fromBlock: number; toBlock: number }>(`
  DELETE FROM prices
  WHERE batch_id = $batchId AND day >= $month::date AND day < ($month::date + interval '1 month')::date
    AND ctid >= format('(%s,0)', $fromBlock::bigint)::tid AND ctid < format('(%s,0)', $toBlock::bigint)::tid`);

/** Deletes prices of a batch and month that an audit has not yet moved to `prices`. */
export const deletePricesAside = statement<{ batchId: number; month: string }>(`
  DELETE FROM prices_aside
  WHERE batch_id = $batchId AND day >= $month::date AND day < ($month::date + interval '1 month')::date`);

/**
 * Months with dead rows, the batches that these rows belong to, and the number of blocks of the month's daily rates.
 */
export const listDeadMonths = statement<NoParams, { month: string; batches: number[]; blocks: number }>(`
  SELECT to_char(month, 'YYYY-MM-DD') AS month, array_agg(batch_id) AS batches,
         coalesce(pg_relation_size(to_regclass('daily_rates' || to_char(month, '_YYYY_MM')))
                  / current_setting('block_size')::integer, 0)::integer AS blocks
  FROM dead_months GROUP BY month ORDER BY month`);

/**
 * Deletes the daily rates of these batches in a month, in the blocks from `fromBlock` to before `toBlock`. One pass
 * over the month serves all dead batches, so that many of them cost no more than one.
 */
export const deleteDailyRates = statement<{
  month: string;
  batches: readonly number[];
  fromBlock: number;
  toBlock: number;
}>(`
  DELETE FROM daily_rates
  WHERE batch_id = ANY ($batches::integer[])
    AND first_day >= $month::date AND first_day < ($month::date + interval '1 month')::date
    AND ctid >= format('(%s,0)', $fromBlock::bigint)::tid AND ctid < format('(%s,0)', $toBlock::bigint)::tid`);

/** Notes that the dead rows of these batches in a month are deleted. */
export const forgetDeadMonth = statement<{ month: string; batches: readonly number[] }>(
  "DELETE FROM dead_months WHERE month = $month AND batch_id = ANY ($batches::integer[])",
);

/** Marks batches whose last row is deleted. `emptied`: the batches whose prices this run deleted. */
export const setReclaimed = statement<{ emptied: readonly number[] }>(`
  UPDATE batches b SET reclaimed_at = clock_timestamp()
  WHERE b.reclaimed_at IS NULL AND b.state IN ('failed', 'duplicate', 'retracted', 'compacted')
    AND (b.id = ANY ($emptied::integer[]) OR b.state = 'compacted')
    AND NOT EXISTS (SELECT FROM dead_months d WHERE d.batch_id = b.id)`);

/**
 * Deletes the entries of compactions that became part of another compaction. They are not deliveries, so users do not
 * look for them.
 */
export const forgetFolded = statement(`
  DELETE FROM batches WHERE mode = 'compaction' AND state = 'compacted' AND reclaimed_at IS NOT NULL`);
