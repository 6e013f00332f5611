import type { BatchState } from "../../batches/batch-state.js";
import { keepTotals } from "../../batches/totals.sql.js";
import { type NoRow, statement } from "../../database/statement.js";

/**
 * Moves a batch whose pieces are all loaded from loading to auditing, and cuts the audit into parts. A part is a month,
 * or some days of a month if the month has `pricesPerPart` prices or more: then two workers can share it. A month has
 * at most four parts, because each part reads all of the batch's prices of the month. Returns the state of the batch
 * afterwards, and what still keeps it from being audited.
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
 * The months of a batch whose pieces are all loaded and that is small: it has at most `mostPrices` prices in at most
 * `mostMonths` months, and none of its prices is laid aside. `first` is the first day of a month, `end` the first day
 * of the next. No row for any other batch.
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

/** Keeps other workers from auditing the batch as a small one until the transaction ends. */
export const lockSmall = statement<{ batchId: number }>(
  "SELECT pg_advisory_xact_lock(hashtext('ratesapp.audit'), $batchId)",
);

/**
 * Brings the BRIN index of the batch's months up to date, for a batch with fewer than `below` prices; run this before
 * its parts are read. Without this, the audit of the batch would read all prices that came in since the last
 * autovacuum. Measured with 5 million such prices and 20,000 of the batch: 31,918 blocks without, 142 with. A larger
 * batch has most of these prices itself, which would then be read twice.
 */
export const summarizeMonths = statement<{ batchId: number; below: number }, NoRow>(`
  SELECT summarize_month(month)
  FROM (SELECT DISTINCT unnest(months) AS month FROM pieces WHERE batch_id = $batchId) held
  WHERE (SELECT sum(rows) FROM pieces WHERE batch_id = $batchId) < $below::bigint`);

/** The first days of the months of which the batch has prices laid aside. */
export const listMonthsAside = statement<{ batchId: number }, { month: string }>(`
  SELECT DISTINCT to_char(day, 'YYYY-MM-01') AS month FROM prices_aside WHERE batch_id = $batchId ORDER BY month`);

/** Some days of one month of a batch; `toDay` is exclusive. */
interface Days {
  readonly batchId: number;
  readonly fromDay: string;
  readonly toDay: string;
}

/** Moves the prices of these days from `prices_aside` to `prices`. */
export const placePrices = statement<Days>(`
  WITH taken AS (
    DELETE FROM prices_aside WHERE batch_id = $batchId AND day >= $fromDay AND day < $toDay
    RETURNING origin_id, destination_id, day, price, batch_id, piece
  )
  INSERT INTO prices (origin_id, destination_id, day, price, batch_id, piece) TABLE taken`);

/** Claims a part that no other worker has claimed, until the transaction ends in any way. */
export const claimPart = statement<{ batchId: number }, { from_day: string; to_day: string }>(`
  SELECT to_char(from_day, 'YYYY-MM-DD') AS from_day, to_char(to_day, 'YYYY-MM-DD') AS to_day
  FROM audit_parts WHERE batch_id = $batchId AND NOT done
  ORDER BY from_day LIMIT 1 FOR UPDATE SKIP LOCKED`);

/** Number of parts that are not done. 0 if the batch is no longer being audited. */
export const countParts = statement<{ batchId: number }, { unfinished: number }>(`
  SELECT count(*)::integer AS unfinished
  FROM audit_parts p JOIN batches b ON b.id = p.batch_id
  WHERE p.batch_id = $batchId AND NOT p.done AND b.state = 'auditing'`);

/** Splits the part that begins on `fromDay`: the days from `middle` on become another part. */
export const splitPart = statement<{ batchId: number; fromDay: string; middle: string }>(`
  WITH cut AS (
    UPDATE audit_parts SET to_day = $middle WHERE batch_id = $batchId AND from_day = $fromDay
    RETURNING (SELECT to_day FROM audit_parts WHERE batch_id = $batchId AND from_day = $fromDay)
  )
  INSERT INTO audit_parts (batch_id, from_day, to_day) SELECT $batchId, $middle, to_day FROM cut`);

/** Notes that the part that begins on `fromDay` is done, and the checksum of its prices. */
export const setPartDone = statement<{ batchId: number; fromDay: string; checksum: string }>(
  "UPDATE audit_parts SET done = true, checksum = $checksum WHERE batch_id = $batchId AND from_day = $fromDay",
);

/**
 * Inserts days of a batch. `days` count from `fromDay`; `prices` (how many) and `priceSums` are arrays of the same
 * length.
 */
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
 * Settings for the transaction of a part.
 *
 * - No limit of time, because a part may be large. But a worker that is silent, or whose machine has gone, loses its
 *   part within half a minute, so that the other workers do not wait longer.
 * - No sequential scan: the planner knows nothing of a month that has just been loaded, and would read all of it rather
 *   than ask the BRIN index where the batch begins.
 * - No parallel workers and no synchronized scans: the batch begins at the first row that is found, so one process must
 *   read the blocks in their order. With several, the first answer could come from a later block, and prices before it
 *   would be missed.
 */
export const boundPart = statement(`
  SELECT set_config('statement_timeout', '0', true), set_config('idle_in_transaction_session_timeout', '10s', true),
         set_config('tcp_keepalives_idle', '10', true), set_config('tcp_keepalives_interval', '5', true),
         set_config('tcp_keepalives_count', '3', true), set_config('tcp_user_timeout', '30000', true),
         set_config('enable_seqscan', 'off', true), set_config('jit', 'off', true),
         set_config('max_parallel_workers_per_gather', '0', true), set_config('enable_bitmapscan', 'on', true),
         set_config('synchronize_seqscans', 'off', true)`);

/**
 * Locks a batch at the end of its audit. Two workers may end an audit at the same time: the second waits here, and then
 * finds that the audit has ended.
 */
export const lockAudited = statement<{ batchId: number }, { state: BatchState }>(
  "SELECT state FROM batches WHERE id = $batchId FOR UPDATE",
);

/** The totals that the loaded pieces reported, and those (`found_…`) that the audit found in the database. */
export interface Totals {
  readonly rows: string;
  readonly price_sum: string;
  readonly checksums: string[] | null;
  readonly found_rows: string;
  readonly found_price_sum: string;
  readonly found_checksums: string[] | null;
}

/** Reads both sides of the audit, see {@link Totals}. */
export const compareTotals = statement<{ batchId: number }, Totals>(`
  SELECT coalesce(sum(p.rows), 0)::text AS rows, coalesce(sum(p.price_sum), 0)::text AS price_sum,
         array_agg(p.checksum) FILTER (WHERE p.checksum IS NOT NULL) AS checksums,
         (SELECT array_agg(a.checksum) FROM audit_parts a WHERE a.batch_id = $batchId) AS found_checksums,
         (SELECT coalesce(sum(prices), 0)::text FROM batch_days WHERE batch_id = $batchId) AS found_rows,
         (SELECT coalesce(sum(price_sum), 0)::text FROM batch_days WHERE batch_id = $batchId) AS found_price_sum
  FROM pieces p WHERE p.batch_id = $batchId`);

/** Marks a batch as audited. `checksum` is that of all its prices. */
export const setAudited = statement<{ batchId: number; checksum: string }>(`
  UPDATE batches
  SET state = 'audited', checksum = $checksum, audited_at = clock_timestamp(), worker = NULL, lease_until = NULL,
      ${keepTotals}
  WHERE id = $batchId`);

/** Deletes the parts of an audit that has ended. */
export const forgetParts = statement<{ batchId: number }>("DELETE FROM audit_parts WHERE batch_id = $batchId");

/** How an audit ended. */
export const readOutcome = statement<
  { batchId: number },
  { state: BatchState; duplicate_of: number | null; failure: string | null }
>("SELECT state, duplicate_of, failure FROM batches WHERE id = $batchId");
