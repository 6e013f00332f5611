import type { BatchState } from "../../batches/batch-state.js";
import { keepTotals } from "../../batches/totals.sql.js";
import { type NoRow, statement } from "../../database/statement.js";

/**
 * Moves a batch whose pieces are all loaded from loading to auditing, and cuts the work into parts: a month, or a few
 * days of one where `pricesPerPart` or more come together, so that two workers can share a month. Never more than four
 * to a month, because each reads all of the batch's prices of the month. Returns its state after it, and what keeps it
 * from being audited.
 */
export const beginAudit = statement<
  { batchId: number; pricesPerPart: number },
  { state: BatchState; planned: boolean; unfinished: number }
>(`
  WITH counted AS (
    SELECT count(*) FILTER (WHERE state <> 'loaded') AS unfinished, coalesce(sum(rows), 0) AS rows
    FROM pieces WHERE batch_id = $batchId
  ), moved AS (
    UPDATE batches SET state = 'auditing'
    FROM counted
    WHERE id = $batchId AND state = 'loading' AND planned AND unfinished = 0
    RETURNING id
  ), held AS (
    SELECT DISTINCT unnest(months) AS month FROM pieces WHERE batch_id = $batchId
  ), cut AS (
    SELECT least(4, greatest(1, ceil(counted.rows / $pricesPerPart::bigint / (SELECT count(*) FROM held))))::integer AS parts
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
  WHERE b.id = $batchId`);

/**
 * A batch whose pieces are all loaded, and which has no more than so many prices and months, all in their places: its
 * months, each with the first day of the next. No row for any other.
 */
export const findSmall = statement<
  { batchId: number; mostPrices: number; mostMonths: number },
  { months: { first: string; end: string }[] }
>(`
  SELECT (SELECT json_agg(json_build_object('first', month, 'end', (month + interval '1 month')::date) ORDER BY month)
          FROM (SELECT DISTINCT unnest(months) AS month FROM pieces WHERE batch_id = b.id) held) AS months
  FROM batches b
  WHERE b.id = $batchId AND b.state = 'loading' AND b.planned
    AND NOT EXISTS (SELECT FROM pieces WHERE batch_id = b.id AND state <> 'loaded')
    AND (SELECT sum(rows) FROM pieces WHERE batch_id = b.id) BETWEEN 1 AND $mostPrices::bigint
    AND (SELECT count(DISTINCT month) FROM pieces, unnest(months) AS month WHERE batch_id = b.id) <= $mostMonths::bigint
    AND NOT EXISTS (SELECT FROM prices_aside WHERE batch_id = b.id)`);

/** Until the transaction ends, no other worker audits the batch as a small one. */
export const lockSmall = statement<{ batchId: number }>(
  "SELECT pg_advisory_xact_lock(hashtext('ratesapp.audit'), $batchId)",
);

/**
 * Before the parts of a batch of fewer prices than `below` are read: the BRIN index must know which blocks hold what,
 * or the audit reads everything that came in since autovacuum was last here. Measured with 5 million such prices and
 * 20,000 of the batch: 31,918 blocks without, 142 with. A larger batch is most of that itself, and would be read twice.
 */
export const summarizeMonths = statement<{ batchId: number; below: number }, NoRow>(`
  SELECT summarize_month(month)
  FROM (SELECT DISTINCT unnest(months) AS month FROM pieces WHERE batch_id = $batchId) held
  WHERE (SELECT sum(rows) FROM pieces WHERE batch_id = $batchId) < $below::bigint`);

/** First days of the months of which the batch has prices aside. */
export const listMonthsAside = statement<{ batchId: number }, { month: string }>(`
  SELECT DISTINCT to_char(day, 'YYYY-MM-01') AS month FROM prices_aside WHERE batch_id = $batchId ORDER BY month`);

/** Some days of one month of a batch; `toDay` is exclusive. */
interface Days {
  readonly batchId: number;
  readonly fromDay: string;
  readonly toDay: string;
}

/** Puts the prices of these days where they belong. */
export const placePrices = statement<Days>(`
  WITH taken AS (
    DELETE FROM prices_aside WHERE batch_id = $batchId AND day >= $fromDay AND day < $toDay
    RETURNING origin_id, destination_id, day, price, batch_id, piece
  )
  INSERT INTO prices (origin_id, destination_id, day, price, batch_id, piece) TABLE taken`);

/** Claims a part that no worker has, until the transaction ends, however it ends. */
export const claimPart = statement<{ batchId: number }, { from_day: string; to_day: string }>(`
  SELECT to_char(from_day, 'YYYY-MM-DD') AS from_day, to_char(to_day, 'YYYY-MM-DD') AS to_day
  FROM audit_parts WHERE batch_id = $batchId AND NOT done
  ORDER BY from_day LIMIT 1 FOR UPDATE SKIP LOCKED`);

/** Parts that other workers are at; none once the batch failed. */
export const countParts = statement<{ batchId: number }, { unfinished: number }>(`
  SELECT count(*)::integer AS unfinished
  FROM audit_parts p JOIN batches b ON b.id = p.batch_id
  WHERE p.batch_id = $batchId AND NOT p.done AND b.state = 'auditing'`);

/** Leaves the days before `middle` in the part that begins on `fromDay`, and makes another of the others. */
export const splitPart = statement<{ batchId: number; fromDay: string; middle: string }>(`
  WITH cut AS (
    UPDATE audit_parts SET to_day = $middle WHERE batch_id = $batchId AND from_day = $fromDay
    RETURNING (SELECT to_day FROM audit_parts WHERE batch_id = $batchId AND from_day = $fromDay)
  )
  INSERT INTO audit_parts (batch_id, from_day, to_day) SELECT $batchId, $middle, to_day FROM cut`);

/** The part that begins on `fromDay` is done; its prices have this checksum. */
export const setPartDone = statement<{ batchId: number; fromDay: string; checksum: string }>(
  "UPDATE audit_parts SET done = true, checksum = $checksum WHERE batch_id = $batchId AND from_day = $fromDay",
);

/** Days counted from `fromDay`, how many prices each has, and their sums, as arrays of the same length. */
export const insertDays = statement<{
  batchId: number;
  fromDay: string;
  days: readonly number[];
  prices: readonly number[];
  priceSums: readonly number[];
}>(`
  INSERT INTO batch_days (batch_id, day, prices, price_sum)
  SELECT $batchId, $fromDay::date + day, prices, price_sum
  FROM unnest($days::integer[], $prices::bigint[], $priceSums::bigint[]) AS held (day, prices, price_sum)`);

/**
 * A part takes as long as it takes, but not the time of all workers: one that says nothing, or whose machine is gone,
 * loses it within half a minute. Of a month that came in a moment ago the planner knows nothing, and would read all of
 * it instead of asking the BRIN index where a batch begins. And where a batch begins is the first row found, so one
 * process must go through the blocks in their order: of several, the first to answer may have begun behind it, and
 * prices would be missed.
 */
export const boundPart = statement(`
  SELECT set_config('statement_timeout', '0', true), set_config('idle_in_transaction_session_timeout', '10s', true),
         set_config('tcp_keepalives_idle', '10', true), set_config('tcp_keepalives_interval', '5', true),
         set_config('tcp_keepalives_count', '3', true), set_config('tcp_user_timeout', '30000', true),
         set_config('enable_seqscan', 'off', true), set_config('jit', 'off', true),
         set_config('max_parallel_workers_per_gather', '0', true), set_config('enable_bitmapscan', 'on', true),
         set_config('synchronize_seqscans', 'off', true)`);

/** Two workers may end an audit at the same time; the second waits here and finds it ended. */
export const lockAudited = statement<{ batchId: number }, { state: BatchState }>(
  "SELECT state FROM batches WHERE id = $batchId FOR UPDATE",
);

/** What the loaded pieces promised, and what was read back of them. */
export interface Totals {
  readonly rows: string;
  readonly price_sum: string;
  readonly checksums: string[] | null;
  readonly found_rows: string;
  readonly found_price_sum: string;
  readonly found_checksums: string[] | null;
}

/** Both sides of the audit, see {@link Totals}. */
export const compareTotals = statement<{ batchId: number }, Totals>(`
  SELECT coalesce(sum(p.rows), 0)::text AS rows, coalesce(sum(p.price_sum), 0)::text AS price_sum,
         array_agg(p.checksum) FILTER (WHERE p.checksum IS NOT NULL) AS checksums,
         (SELECT array_agg(a.checksum) FROM audit_parts a WHERE a.batch_id = $batchId) AS found_checksums,
         (SELECT coalesce(sum(prices), 0)::text FROM batch_days WHERE batch_id = $batchId) AS found_rows,
         (SELECT coalesce(sum(price_sum), 0)::text FROM batch_days WHERE batch_id = $batchId) AS found_price_sum
  FROM pieces p WHERE p.batch_id = $batchId`);

/** `checksum` is that of all prices of the batch. */
export const setAudited = statement<{ batchId: number; checksum: string }>(`
  UPDATE batches
  SET state = 'audited', checksum = $checksum, audited_at = clock_timestamp(), worker = NULL, lease_until = NULL,
      ${keepTotals}
  WHERE id = $batchId`);

/** The parts of an audit that has ended. */
export const forgetParts = statement<{ batchId: number }>("DELETE FROM audit_parts WHERE batch_id = $batchId");

/** How an audit ended. */
export const readOutcome = statement<
  { batchId: number },
  { state: BatchState; duplicate_of: number | null; failure: string | null }
>("SELECT state, duplicate_of, failure FROM batches WHERE id = $batchId");
