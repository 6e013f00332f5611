import { statement } from "../database/statement.js";

/**
 * Days that batches which can no longer be retracted hold, with how many of them: of a feed, the longest run of
 * batches in order of publish of which none is younger than `retractableDays`. A compaction belongs to the run as what it folded
 * did. Whatever comes later can hide a day of them (`replace`) and give it back (a retract), but no longer tell one of
 * them from the others: they can be one.
 */
const settled = `
  edge AS (
    SELECT feed, min(sequence) AS sequence
    FROM batches
    WHERE state IN ('published', 'retracted') AND mode <> 'compaction'
      AND published_at >= clock_timestamp() - make_interval(days => $retractableDays::integer)
    GROUP BY feed
  ), settled AS (
    SELECT b.id AS batch_id, b.feed, b.mode, b.sequence, d.day
    FROM batches b
    JOIN batch_days d ON d.batch_id = b.id
    LEFT JOIN edge ON edge.feed = b.feed
    WHERE b.state = 'published' AND (edge.sequence IS NULL OR b.sequence < edge.sequence)
  )`;

/** Feeds and months in which so many settled batches hold days: fewer are not worth writing again. */
export const listFoldable = statement<{ retractableDays: number; batches: number }, { feed: string; month: string }>(`
  WITH ${settled}
  SELECT feed, to_char(date_trunc('month', day), 'YYYY-MM-DD') AS month
  FROM settled
  GROUP BY feed, date_trunc('month', day)
  HAVING count(DISTINCT batch_id) >= greatest(2, $batches::integer)
  ORDER BY feed, month`);

/** One compaction of a feed and month at a time. */
export const claimFold = statement<{ feed: string; month: string }, { claimed: boolean }>(`
  SELECT pg_try_advisory_xact_lock(
    hashtext('ratesapp.fold ' || $feed), to_char($month::date, 'YYYYMM')::integer) AS claimed`);

/**
 * What is to be folded in a feed and month: the settled batches (`inputs`), and which of their days go on to be seen
 * (pairs of `batches` and `days`): not those that a settled replace hides for ever.
 */
export const listFold = statement<
  { retractableDays: number; feed: string; month: string },
  { inputs: number[] | null; batches: number[] | null; days: string[] | null }
>(`
  WITH ${settled}
  SELECT array_agg(DISTINCT batch_id) AS inputs,
         array_agg(batch_id ORDER BY day, batch_id) FILTER (WHERE seen) AS batches,
         array_agg(to_char(day, 'YYYY-MM-DD') ORDER BY day, batch_id) FILTER (WHERE seen) AS days
  FROM (
    SELECT batch_id, day,
           sequence >= coalesce(max(sequence) FILTER (WHERE mode = 'replace') OVER (PARTITION BY day), sequence) AS seen
    FROM settled
    WHERE feed = $feed AND day >= $month::date AND day < ($month::date + interval '1 month')::date
  ) entry`);

/** Of these batches. */
export const insertFold = statement<{ feed: string; month: string; batches: readonly number[] }, { id: number }>(`
  INSERT INTO batches (feed, source, identity, mode, state, planned, sequence, audited_at, published_at)
  SELECT $feed, 'compaction', format('compaction %s %s', $month::text, gen_random_uuid()), 'compaction', 'published', true,
         max(sequence), clock_timestamp(), max(published_at)
  FROM batches WHERE id = ANY ($batches::integer[])
  RETURNING id`);

/**
 * Hashing suits every size, and the planner knows no sizes of a batch. A statement that takes long holds no lock that
 * anybody waits for.
 */
export const boundFold = statement(`
  SELECT set_config('statement_timeout', '0', true), set_config('idle_in_transaction_session_timeout', '10s', true),
         set_config('work_mem', '128MB', true), set_config('enable_mergejoin', 'off', true),
         set_config('enable_nestloop', 'off', true), set_config('jit', 'off', true)`);

/**
 * One row for each lane of the month, from its first day to its last; a day without prices counts 0. `batches` and
 * `days` are pairs.
 */
export const foldRates = statement<{
  foldId: number;
  month: string;
  batches: readonly number[];
  days: readonly string[];
}>(`
  WITH cell AS MATERIALIZED (
    SELECT r.origin_id, r.destination_id, held.day, sum(held.count::float8) AS count, sum(held.sum::float8) AS sum
    FROM daily_rates r
    CROSS JOIN LATERAL (
      SELECT r.first_day + at::integer - 1 AS day, count, sum
      FROM unnest(r.counts, r.sums) WITH ORDINALITY AS run (count, sum, at)
    ) held
    JOIN unnest($batches::integer[], $days::date[]) AS folded (batch_id, day)
      ON folded.batch_id = r.batch_id AND folded.day = held.day
    WHERE r.first_day >= $month::date AND r.first_day < ($month::date + interval '1 month')::date AND held.count > 0
    GROUP BY r.origin_id, r.destination_id, held.day
  ), lane AS (
    SELECT origin_id, destination_id, min(day) AS first_day, max(day) AS last_day
    FROM cell GROUP BY origin_id, destination_id
  ), filled AS (
    SELECT origin_id, destination_id, day, count, sum FROM cell
    UNION ALL
    SELECT origin_id, destination_id, first_day + at, 0, 0 FROM lane, generate_series(0, last_day - first_day) AS at
  ), summed AS (
    SELECT origin_id, destination_id, day, sum(count)::bigint AS count, sum(sum)::bigint AS sum
    FROM filled GROUP BY origin_id, destination_id, day
  )
  INSERT INTO daily_rates (origin_id, destination_id, first_day, batch_id, counts, sums)
  SELECT origin_id, destination_id, min(day), $foldId, array_agg(count ORDER BY day), array_agg(sum ORDER BY day)
  FROM summed
  GROUP BY origin_id, destination_id
  ORDER BY origin_id, destination_id`);

export const foldDays = statement<{ foldId: number; batches: readonly number[]; days: readonly string[] }>(`
  INSERT INTO batch_days (batch_id, day, prices, price_sum)
  SELECT $foldId, d.day, sum(d.prices), sum(d.price_sum)
  FROM batch_days d
  JOIN unnest($batches::integer[], $days::date[]) AS folded (batch_id, day)
    ON folded.batch_id = d.batch_id AND folded.day = d.day
  GROUP BY d.day`);

/** How many of them are still published; nobody can change them until the transaction ends. */
export const lockFolded = statement<{ batches: readonly number[] }, { published: number }>(`
  SELECT count(*) FILTER (WHERE state = 'published')::integer AS published
  FROM (SELECT state FROM batches WHERE id = ANY ($batches::integer[]) ORDER BY id FOR UPDATE) locked`);

export const buryFolded = statement<{ batches: readonly number[]; month: string }>(`
  WITH buried AS (
    DELETE FROM batch_days
    WHERE batch_id = ANY ($batches::integer[]) AND day >= $month::date AND day < ($month::date + interval '1 month')::date
  )
  INSERT INTO dead_months (batch_id, month) SELECT batch_id, $month FROM unnest($batches::integer[]) AS batch_id`);

/** They can no longer be retracted; those with no day left are compacted. */
export const setCompacted = statement<{ batches: readonly number[] }>(`
  UPDATE batches b
  SET compacted_at = coalesce(compacted_at, clock_timestamp()),
      state = CASE WHEN EXISTS (SELECT FROM batch_days d WHERE d.batch_id = b.id) THEN state ELSE 'compacted' END
  WHERE id = ANY ($batches::integer[])`);
