import { keepTotals } from "../batches/totals.sql.js";

/**
 * Batches that nobody can see or bring back and whose rows are still there: failed, duplicate, or retracted before the
 * last $1 days. Those folded by compaction only wait for their dead months.
 */
export const listReclaimable = `
  SELECT id FROM batches
  WHERE reclaimed_at IS NULL
    AND (state IN ('failed', 'duplicate')
         OR state = 'retracted' AND published_at < clock_timestamp() - make_interval(days => $1::integer))
  ORDER BY id`;

/** Lines of batches that failed more than $1 days ago: nobody repairs them any more. */
export const forgetBadLines = `
  DELETE FROM bad_lines l USING batches b
  WHERE b.id = l.batch_id AND b.state = 'failed' AND b.failed_at < clock_timestamp() - make_interval(days => $1::integer)`;

/** Waits for audits of the batch that are in the middle of a part; none begins after it. $1 batch. */
export const stopAudits = `
  WITH stopped AS (SELECT from_day FROM audit_parts WHERE batch_id = $1 FOR UPDATE)
  DELETE FROM audit_parts a USING stopped WHERE a.batch_id = $1 AND a.from_day = stopped.from_day`;

/**
 * Closes the way back: `compacted_at` refuses a publish that comes from now on. What the pieces of a failed batch come
 * to is known now and not when it failed, as one could commit at that instant. $1 batch, $2 retractableDays.
 */
export const giveUpBatch = `
  UPDATE batches SET compacted_at = coalesce(compacted_at, clock_timestamp()), ${keepTotals}
  WHERE id = $1 AND reclaimed_at IS NULL
    AND (state IN ('failed', 'duplicate')
         OR state = 'retracted' AND published_at < clock_timestamp() - make_interval(days => $2::integer))
  RETURNING id`;

export const buryMonths = `
  WITH buried AS (DELETE FROM batch_days WHERE batch_id = $1 RETURNING batch_id, day)
  INSERT INTO dead_months (batch_id, month) SELECT DISTINCT batch_id, date_trunc('month', day)::date FROM buried`;

export const listMonthsOfPrices = `
  SELECT DISTINCT to_char(unnest(months), 'YYYY-MM-01') AS month FROM pieces WHERE batch_id = $1 ORDER BY month`;

/**
 * The blocks of a month ($2) between which all prices of batch $1 lie: a batch is written in one go, so they are few,
 * and the BRIN index finds them without reading the others, but for those that came since it was last brought in step.
 */
export const findBlocks = `
  SELECT split_part(trim(min(ctid)::text, '('), ',', 1)::bigint AS first,
         split_part(trim(max(ctid)::text, '('), ',', 1)::bigint AS last
  FROM prices
  WHERE batch_id = $1 AND day >= $2::date AND day < ($2::date + interval '1 month')::date`;

/** Prices of batch $1 in the month $2, from block $3 to before block $4. */
export const deletePrices = `
  DELETE FROM prices
  WHERE batch_id = $1 AND day >= $2::date AND day < ($2::date + interval '1 month')::date
    AND ctid >= format('(%s,0)', $3::bigint)::tid AND ctid < format('(%s,0)', $4::bigint)::tid`;

/** As {@link deletePrices}, of those that no audit has put there: $1 batch, $2 month. */
export const deletePricesAside = `
  DELETE FROM prices_aside
  WHERE batch_id = $1 AND day >= $2::date AND day < ($2::date + interval '1 month')::date`;

/** Months with dead rows: of which batches, and how many blocks the month's daily rates have. */
export const listDeadMonths = `
  SELECT to_char(month, 'YYYY-MM-DD') AS month, array_agg(batch_id) AS batches,
         coalesce(pg_relation_size(to_regclass('daily_rates' || to_char(month, '_YYYY_MM')))
                  / current_setting('block_size')::integer, 0)::integer AS blocks
  FROM dead_months GROUP BY month ORDER BY month`;

/**
 * Rows of the month $1 in batches $2, from block $3 to before block $4. Nothing indexes them by batch, which every
 * insert would pay for; one pass takes all dead batches.
 */
export const deleteDailyRates = `
  DELETE FROM daily_rates
  WHERE batch_id = ANY ($2::integer[])
    AND first_day >= $1::date AND first_day < ($1::date + interval '1 month')::date
    AND ctid >= format('(%s,0)', $3::bigint)::tid AND ctid < format('(%s,0)', $4::bigint)::tid`;

/** $1 month, $2 batches. */
export const forgetDeadMonth = "DELETE FROM dead_months WHERE month = $1 AND batch_id = ANY ($2::integer[])";

/** Batches whose last row is gone. $1 those whose prices were deleted. */
export const setReclaimed = `
  UPDATE batches b SET reclaimed_at = clock_timestamp()
  WHERE b.reclaimed_at IS NULL
    AND (b.id = ANY ($1::integer[]) OR b.state = 'compacted')
    AND NOT EXISTS (SELECT FROM dead_months d WHERE d.batch_id = b.id)`;

/** A compaction that was itself folded is no delivery that anyone asks about. */
export const forgetFolded = `
  DELETE FROM batches WHERE mode = 'compaction' AND state = 'compacted' AND reclaimed_at IS NOT NULL`;
