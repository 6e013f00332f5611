import { keepTotals } from "../batches/totals.sql.js";
import { type NoParams, statement } from "../database/statement.js";

/**
 * Batches whose rows are still there although consumers cannot see them and users cannot bring them back: failed,
 * duplicate, or published more than `retractableDays` ago and retracted. Those folded by compaction only wait for their
 * dead months.
 */
export const listReclaimable = statement<{ retractableDays: number }, { id: number }>(`
  SELECT id FROM batches
  WHERE reclaimed_at IS NULL
    AND (state IN ('failed', 'duplicate')
         OR state = 'retracted' AND published_at < clock_timestamp() - make_interval(days => $retractableDays::integer))
  ORDER BY id`);

/**
 * Deletes the bad lines of batches that failed so many days ago: their owners have repaired them by then, or never
 * will.
 */
export const deleteOldBadLines = statement<{ days: number }>(`
  DELETE FROM bad_lines l USING batches b
  WHERE b.id = l.batch_id AND b.state = 'failed' AND b.failed_at < clock_timestamp() - make_interval(days => $days::integer)`);

/** Waits for audits of the batch that are in the middle of a part; no other part begins afterwards. */
export const stopAudits = statement<{ batchId: number }>(`
  WITH stopped AS (SELECT from_day FROM audit_parts WHERE batch_id = $batchId FOR UPDATE)
  DELETE FROM audit_parts a USING stopped WHERE a.batch_id = $batchId AND a.from_day = stopped.from_day`);

/**
 * From now on the batch cannot be published: a publish refuses one with `compacted_at`. The totals of a failed batch
 * are final only now, because a piece could still commit at the moment when it failed.
 */
export const giveUpBatch = statement<{ batchId: number; retractableDays: number }, { id: number }>(`
  UPDATE batches SET compacted_at = coalesce(compacted_at, clock_timestamp()), laid_aside = false, ${keepTotals}
  WHERE id = $batchId AND reclaimed_at IS NULL
    AND (state IN ('failed', 'duplicate')
         OR state = 'retracted' AND published_at < clock_timestamp() - make_interval(days => $retractableDays::integer))
  RETURNING id`);

export const buryMonths = statement<{ batchId: number }>(`
  WITH buried AS (DELETE FROM batch_days WHERE batch_id = $batchId RETURNING batch_id, day)
  INSERT INTO dead_months (batch_id, month) SELECT DISTINCT batch_id, date_trunc('month', day)::date FROM buried`);

/** First days. */
export const listMonthsOfPrices = statement<{ batchId: number }, { month: string }>(`
  SELECT DISTINCT to_char(unnest(months), 'YYYY-MM-01') AS month FROM pieces WHERE batch_id = $batchId ORDER BY month`);

/** From a block to before another. */
export const deletePrices = statement<{ batchId: number; month: string; fromBlock: number; toBlock: number }>(`
  DELETE FROM prices
  WHERE batch_id = $batchId AND day >= $month::date AND day < ($month::date + interval '1 month')::date
    AND ctid >= format('(%s,0)', $fromBlock::bigint)::tid AND ctid < format('(%s,0)', $toBlock::bigint)::tid`);

/** As {@link deletePrices}, of those that no audit has put there. */
export const deletePricesAside = statement<{ batchId: number; month: string }>(`
  DELETE FROM prices_aside
  WHERE batch_id = $batchId AND day >= $month::date AND day < ($month::date + interval '1 month')::date`);

/** Months with dead rows: of which batches, and how many blocks the month's daily rates have. */
export const listDeadMonths = statement<NoParams, { month: string; batches: number[]; blocks: number }>(`
  SELECT to_char(month, 'YYYY-MM-DD') AS month, array_agg(batch_id) AS batches,
         coalesce(pg_relation_size(to_regclass('daily_rates' || to_char(month, '_YYYY_MM')))
                  / current_setting('block_size')::integer, 0)::integer AS blocks
  FROM dead_months GROUP BY month ORDER BY month`);

/**
 * Rows of a month in these batches, from a block to before another. One pass over the month takes all dead batches, so
 * that many of them cost no more than one.
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

export const forgetDeadMonth = statement<{ month: string; batches: readonly number[] }>(
  "DELETE FROM dead_months WHERE month = $month AND batch_id = ANY ($batches::integer[])",
);

/** Batches whose last row is gone; `emptied` are those whose prices were deleted. */
export const setReclaimed = statement<{ emptied: readonly number[] }>(`
  UPDATE batches b SET reclaimed_at = clock_timestamp()
  WHERE b.reclaimed_at IS NULL AND b.state IN ('failed', 'duplicate', 'retracted', 'compacted')
    AND (b.id = ANY ($emptied::integer[]) OR b.state = 'compacted')
    AND NOT EXISTS (SELECT FROM dead_months d WHERE d.batch_id = b.id)`);

/** Deletes compactions that were folded themselves: they are no deliveries, so users do not look for them. */
export const forgetFolded = statement(`
  DELETE FROM batches WHERE mode = 'compaction' AND state = 'compacted' AND reclaimed_at IS NOT NULL`);
