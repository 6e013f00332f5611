import { keepTotals } from "../../batches/totals.sql.js";

/**
 * Moves a batch whose pieces are all loaded from loading to auditing, and cuts the work into parts: a month, or a few
 * days of one where $2 prices or more come together, so that two workers can share a month. Never more than four to a
 * month, because each reads all of the batch's prices of the month. $1 batch. Returns its state after it, and what keeps it from being audited.
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

/** First days of the months of which batch $1 has prices aside. */
export const listMonthsAside = `
  SELECT DISTINCT to_char(day, 'YYYY-MM-01') AS month FROM prices_aside WHERE batch_id = $1 ORDER BY month`;

/** Puts the prices of batch $1 from day $2 to before $3 where they belong. */
export const placePrices = `
  WITH taken AS (
    DELETE FROM prices_aside WHERE batch_id = $1 AND day >= $2 AND day < $3
    RETURNING origin_id, destination_id, day, price, batch_id, piece
  )
  INSERT INTO prices (origin_id, destination_id, day, price, batch_id, piece) TABLE taken`;

/** Claims a part of batch $1 that nobody has, until the transaction ends, however it ends. */
export const claimPart = `
  SELECT to_char(from_day, 'YYYY-MM-DD') AS from_day, to_char(to_day, 'YYYY-MM-DD') AS to_day
  FROM audit_parts WHERE batch_id = $1 AND NOT done
  ORDER BY from_day LIMIT 1 FOR UPDATE SKIP LOCKED`;

/** Parts of batch $1 that others are at; none once it failed. */
export const countParts = `
  SELECT count(*)::integer AS unfinished
  FROM audit_parts p JOIN batches b ON b.id = p.batch_id
  WHERE p.batch_id = $1 AND NOT p.done AND b.state = 'auditing'`;

/** Leaves the days before $3 in the part of batch $1 that begins on $2, and makes one of the others. */
export const splitPart = `
  WITH cut AS (
    UPDATE audit_parts SET to_day = $3 WHERE batch_id = $1 AND from_day = $2
    RETURNING (SELECT to_day FROM audit_parts WHERE batch_id = $1 AND from_day = $2)
  )
  INSERT INTO audit_parts (batch_id, from_day, to_day) SELECT $1, $3, to_day FROM cut`;

/** The part of batch $1 that begins on $2 is done; its prices have the checksum $3. */
export const setPartDone = "UPDATE audit_parts SET done = true, checksum = $3 WHERE batch_id = $1 AND from_day = $2";

/** Batch $1, first day $2; then arrays: $3 days counted from that, $4 prices of each, $5 their sums. */
export const insertDays = `
  INSERT INTO batch_days (batch_id, day, prices, price_sum)
  SELECT $1, $2::date + day, prices, price_sum
  FROM unnest($3::integer[], $4::bigint[], $5::bigint[]) AS held (day, prices, price_sum)`;

/**
 * A part takes as long as it takes, but not everybody's time: a worker that says nothing, or whose machine is gone, loses
 * it within half a minute. Of a month that came in a moment ago the planner knows nothing, and would read all of it
 * instead of asking the BRIN index where a batch begins. And where a batch begins is the first row found, so one process must
 * go through the blocks in their order: of several, the first to answer may have begun behind it, and prices were missed.
 */
export const boundPart = `
  SELECT set_config('statement_timeout', '0', true), set_config('idle_in_transaction_session_timeout', '10s', true),
         set_config('tcp_keepalives_idle', '10', true), set_config('tcp_keepalives_interval', '5', true),
         set_config('tcp_keepalives_count', '3', true), set_config('tcp_user_timeout', '30000', true),
         set_config('enable_seqscan', 'off', true), set_config('jit', 'off', true),
         set_config('max_parallel_workers_per_gather', '0', true), set_config('enable_bitmapscan', 'on', true),
         set_config('synchronize_seqscans', 'off', true)`;

export const lockAudited = "SELECT state FROM batches WHERE id = $1 FOR UPDATE";

/** What the loaded pieces of batch $1 promised, and what was read back of them. */
export const compareTotals = `
  SELECT coalesce(sum(p.rows), 0)::text AS rows, coalesce(sum(p.price_sum), 0)::text AS price_sum,
         array_agg(p.checksum) FILTER (WHERE p.checksum IS NOT NULL) AS checksums,
         (SELECT array_agg(a.checksum) FROM audit_parts a WHERE a.batch_id = $1) AS found_checksums,
         (SELECT coalesce(sum(prices), 0)::text FROM batch_days WHERE batch_id = $1) AS found_rows,
         (SELECT coalesce(sum(price_sum), 0)::text FROM batch_days WHERE batch_id = $1) AS found_price_sum
  FROM pieces p WHERE p.batch_id = $1`;

/** $1 batch, $2 checksum of its content. */
export const endAudit = `
  UPDATE batches
  SET state = 'audited', checksum = $2, audited_at = clock_timestamp(), worker = NULL, lease_until = NULL,
      ${keepTotals}
  WHERE id = $1`;

export const forgetParts = "DELETE FROM audit_parts WHERE batch_id = $1";
