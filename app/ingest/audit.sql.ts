import { inKeyOrder, regionRows, regionsFromCells } from "./roll-up.sql.js";

/**
 * Moves a batch whose pieces are all loaded from loading to auditing, and cuts the work into parts: a month, or a few
 * days of one where $2 prices or more come together, so that two workers can share a month and the sums of a part fit
 * in memory. Never more than four to a month, because each reads all of the batch's prices of the month. $1 batch.
 * Returns its state after it, and what keeps it from being audited.
 */
export const beginAudit = `
  WITH counted AS (
    SELECT count(*) FILTER (WHERE state <> 'loaded') AS unfinished, coalesce(sum(rows), 0) AS rows
    FROM pieces WHERE batch_id = $1
  ), moved AS (
    UPDATE batches SET state = 'auditing'
    FROM counted
    WHERE id = $1 AND state = 'loading' AND planned AND unfinished = 0
    RETURNING id
  ), held AS (
    SELECT DISTINCT unnest(months) AS month FROM pieces WHERE batch_id = $1
  ), cut AS (
    SELECT least(4, greatest(1, ceil(counted.rows / $2::bigint / (SELECT count(*) FROM held))))::integer AS parts
    FROM counted WHERE EXISTS (SELECT FROM held)
  ), planned AS (
    INSERT INTO audit_parts (batch_id, from_day, to_day)
    SELECT moved.id, held.month + 31 * (part - 1) / parts,
           least(held.month + 31 * part / parts, (held.month + interval '1 month')::date)
    FROM moved, held, cut, generate_series(1, parts) AS part
  )
  SELECT CASE WHEN EXISTS (SELECT FROM moved) THEN 'auditing' ELSE b.state END AS state,
         b.planned, counted.unfinished::integer AS unfinished
  FROM batches b, counted
  WHERE b.id = $1`;

/**
 * Before the parts of a batch of under $2 prices are read: the BRIN index must know which blocks hold what, or the audit
 * reads everything that came in since autovacuum was last here. Measured with 5 million such prices and 20,000 of the
 * batch: 31,918 blocks without, 142 with. A larger batch is most of that itself, and would be read twice. $1 batch.
 */
export const summarizeMonths = `
  SELECT summarize_month(month)
  FROM (SELECT DISTINCT unnest(months) AS month FROM pieces WHERE batch_id = $1) held
  WHERE (SELECT sum(rows) FROM pieces WHERE batch_id = $1) < $2::bigint`;

/** Claims a part of batch $1 that nobody has, until the transaction ends, however it ends. */
export const claimPart = `
  SELECT to_char(from_day, 'YYYY-MM-DD') AS from_day, to_char(to_day, 'YYYY-MM-DD') AS to_day
  FROM audit_parts WHERE batch_id = $1 AND NOT done
  ORDER BY from_day LIMIT 1 FOR UPDATE SKIP LOCKED`;

/** To be asked after the claim, which whoever deletes a failed batch's rows waits for. */
export const showState = "SELECT state FROM batches WHERE id = $1";

/** Parts of batch $1 that others are at; none once it failed. */
export const countParts = `
  SELECT count(*)::integer AS unfinished
  FROM audit_parts p JOIN batches b ON b.id = p.batch_id
  WHERE p.batch_id = $1 AND NOT p.done AND b.state = 'auditing'`;

export const setPartDone = "UPDATE audit_parts SET done = true WHERE batch_id = $1 AND from_day = $2";

/**
 * Memory for the sums of one part, whatever work_mem is set to, and the plan that is best at every size: the planner
 * knows nothing of rows that came in a moment ago. Left alone it sorts millions of prices instead of hashing them (twice
 * the time), merges a million cells with a few hundred places, or reads a month of everyone's prices instead of asking
 * the BRIN index for a batch's own.
 */
export const boundPart = `
  SELECT set_config('work_mem', '128MB', true), set_config('hash_mem_multiplier', '2', true),
         set_config('enable_mergejoin', 'off', true), set_config('enable_nestloop', 'off', true),
         set_config('enable_seqscan', 'off', true), set_config('enable_sort', 'off', true),
         set_config('jit', 'off', true),
         set_config('statement_timeout', '0', true), set_config('idle_in_transaction_session_timeout', '10s', true)`;

/**
 * Daily rates of batch $1 for the days from $2 to before $3 (of one month), and the days they hold. Measured with 5
 * million prices of one month: 4.4 s of a core for 286,000 cells (570,000 rows), 11 s for 1.2 million (1.97 million
 * rows, prices in random order); the COPY of the same prices takes the server 3 s.
 */
export const rollUpPart = `
  WITH cell AS MATERIALIZED (
    SELECT origin_id, destination_id, day, count(*) AS count, sum(price) AS sum
    FROM prices
    WHERE batch_id = $1 AND day >= $2::date AND day < $3::date
    GROUP BY origin_id, destination_id, day
    ORDER BY ${inKeyOrder}
  ), ${regionsFromCells("day")},
  held AS (
    INSERT INTO batch_days (batch_id, day, prices, price_sum)
    SELECT $1, day, sum(count), sum(sum) FROM cell GROUP BY day
  ), ports AS (
    INSERT INTO daily_rates (origin_id, destination_id, day, batch_id, count, sum)
    SELECT origin_id, destination_id, day, $1, count, sum FROM cell
  )
  INSERT INTO daily_rates (origin_id, destination_id, day, batch_id, count, sum)
  ${regionRows("$1::integer")}`;

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

export const forgetParts = "DELETE FROM audit_parts WHERE batch_id = $1";
