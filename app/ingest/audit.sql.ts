import { regionsFromCells } from "./roll-up.sql.js";

/**
 * Moves a batch whose pieces are all loaded from loading to auditing. $1 batch.
 * Returns its state after it, and what keeps it from being audited. Locked first: of two workers that come at the same
 * time, the second must see what the first made of it.
 */
export const beginAudit = `
  WITH locked AS (
    SELECT id, state, planned FROM batches WHERE id = $1 FOR UPDATE
  ), counted AS (
    SELECT count(*) FILTER (WHERE state <> 'loaded') AS unfinished FROM pieces WHERE batch_id = $1
  ), moved AS (
    UPDATE batches b SET state = 'auditing'
    FROM locked, counted
    WHERE b.id = locked.id AND locked.state = 'loading' AND locked.planned AND unfinished = 0
    RETURNING b.id
  )
  SELECT CASE WHEN EXISTS (SELECT FROM moved) THEN 'auditing' ELSE locked.state END AS state,
         locked.planned, counted.unfinished::integer AS unfinished
  FROM locked, counted`;

/** First days of the months that hold prices of batch $1 and have no daily rates of it yet, oldest first. */
export const listMonthsToAudit = `
  SELECT to_char(month, 'YYYY-MM-DD') AS month
  FROM (SELECT DISTINCT unnest(months) AS month FROM pieces WHERE batch_id = $1) given
  WHERE NOT EXISTS (
    SELECT FROM batch_days d
    WHERE d.batch_id = $1 AND d.day >= month AND d.day < (month + interval '1 month')::date)
  ORDER BY month`;

/** Claims a month ($2) of batch $1 until the transaction ends, however it ends; false if another worker has it. */
export const claimMonth = `
  SELECT pg_try_advisory_xact_lock($1::integer, to_char($2::date, 'YYYYMM')::integer) AS claimed`;

/** To be asked after the claim: nobody can have made or deleted the month's rows since. $1 batch, $2 month. */
export const showMonth = `
  SELECT b.state, EXISTS (
    SELECT FROM batch_days d
    WHERE d.batch_id = b.id AND d.day >= $2::date AND d.day < ($2::date + interval '1 month')::date) AS made
  FROM batches b WHERE b.id = $1`;

/** Memory for the sums of one month of one batch: a worker's share of the server, whatever work_mem is set to. */
export const boundMonth = `
  SELECT set_config('work_mem', '128MB', true), set_config('hash_mem_multiplier', '2', true),
         set_config('jit', 'off', true), set_config('statement_timeout', '0', true),
         set_config('idle_in_transaction_session_timeout', '10s', true)`;

/** Daily rates of batch $1 for the month that begins on $2, and the days they hold. */
export const rollUpMonth = `
  WITH cell AS MATERIALIZED (
    SELECT origin_id, destination_id, day, $1::integer AS batch_id, count(*) AS count, sum(price) AS sum
    FROM prices
    WHERE batch_id = $1 AND day >= $2::date AND day < ($2::date + interval '1 month')::date
    GROUP BY origin_id, destination_id, day
  ), ${regionsFromCells},
  held AS (
    INSERT INTO batch_days (batch_id, day, prices, price_sum)
    SELECT $1, day, sum(count), sum(sum) FROM cell GROUP BY day ORDER BY day
  )
  INSERT INTO daily_rates (origin_id, destination_id, day, batch_id, count, sum)
  SELECT origin_id, destination_id, day, batch_id, count, sum
  FROM (SELECT origin_id, destination_id, day, batch_id, count, sum FROM cell
        UNION ALL SELECT origin_id, destination_id, day, batch_id, count, sum FROM outward
        UNION ALL SELECT origin_id, destination_id, day, batch_id, count, sum FROM inward
        UNION ALL SELECT origin_id, destination_id, day, batch_id, count, sum FROM across) made
  ORDER BY origin_id, destination_id, day`;

export const lockAudited = "SELECT state FROM batches WHERE id = $1 FOR UPDATE";

/** What the loaded pieces of batch $1 promised, and what its prices come to. */
export const compareTotals = `
  SELECT coalesce(sum(p.rows), 0)::text AS rows, coalesce(sum(p.price_sum), 0)::text AS price_sum,
         array_agg(p.checksum ORDER BY p.number) FILTER (WHERE p.checksum IS NOT NULL) AS checksums,
         (SELECT coalesce(sum(prices), 0)::text FROM batch_days WHERE batch_id = $1) AS found_rows,
         (SELECT coalesce(sum(price_sum), 0)::text FROM batch_days WHERE batch_id = $1) AS found_price_sum
  FROM pieces p WHERE p.batch_id = $1`;

/** $1 batch, $2 checksum of its content. */
export const endAudit = `
  UPDATE batches
  SET state = 'audited', checksum = $2, audited_at = clock_timestamp(), worker = NULL, lease_until = NULL
  WHERE id = $1`;
