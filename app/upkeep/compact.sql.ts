/**
 * Days that batches which can no longer be retracted hold, with how many of them: of a feed, the longest run of
 * batches in order of publish of which none is younger than $1 days. A compaction belongs to the run as what it folded
 * did. Whatever comes later can hide a day of them (`replace`) and give it back (a retract), but no longer tell one of
 * them from the others: they can be one.
 */
const settled = `
  edge AS (
    SELECT feed, min(sequence) AS sequence
    FROM batches
    WHERE state IN ('published', 'retracted') AND mode <> 'compaction'
      AND published_at >= clock_timestamp() - make_interval(days => $1::integer)
    GROUP BY feed
  ), settled AS (
    SELECT b.id AS batch_id, b.feed, b.mode, b.sequence, d.day
    FROM batches b
    JOIN batch_days d ON d.batch_id = b.id
    LEFT JOIN edge ON edge.feed = b.feed
    WHERE b.state = 'published' AND (edge.sequence IS NULL OR b.sequence < edge.sequence)
  )`;

/** Feeds and months in which $2 or more settled batches hold days: fewer are not worth writing again. */
export const listFoldable = `
  WITH ${settled}
  SELECT feed, to_char(date_trunc('month', day), 'YYYY-MM-DD') AS month
  FROM settled
  GROUP BY feed, date_trunc('month', day)
  HAVING count(DISTINCT batch_id) >= greatest(2, $2::integer)
  ORDER BY feed, month`;

/** One compaction of a feed ($1) and month ($2) at a time. */
export const claimFold = `
  SELECT pg_try_advisory_xact_lock(hashtext('ratesapp.fold ' || $1), to_char($2::date, 'YYYYMM')::integer) AS claimed`;

/**
 * What is to be folded in feed $2 and month $3: the settled batches (`inputs`), and which of their days go on to be seen
 * (pairs of `batches` and `days`): not those that a settled replace hides for ever.
 */
export const listFold = `
  WITH ${settled}
  SELECT array_agg(DISTINCT batch_id) AS inputs,
         array_agg(batch_id ORDER BY day, batch_id) FILTER (WHERE seen) AS batches,
         array_agg(to_char(day, 'YYYY-MM-DD') ORDER BY day, batch_id) FILTER (WHERE seen) AS days
  FROM (
    SELECT batch_id, day,
           sequence >= coalesce(max(sequence) FILTER (WHERE mode = 'replace') OVER (PARTITION BY day), sequence) AS seen
    FROM settled
    WHERE feed = $2 AND day >= $3::date AND day < ($3::date + interval '1 month')::date
  ) entry`;

/** $1 feed, $2 month, $3 batches it folds. */
export const insertFold = `
  INSERT INTO batches (feed, source, identity, mode, state, planned, sequence, audited_at, published_at)
  SELECT $1, 'compaction', format('compaction %s %s', $2::text, gen_random_uuid()), 'compaction', 'published', true,
         max(sequence), clock_timestamp(), max(published_at)
  FROM batches WHERE id = ANY ($3::integer[])
  RETURNING id`;

/**
 * Hashing suits every size, and the planner knows no sizes of a batch. A statement that takes long holds no lock that
 * anybody waits for.
 */
export const boundFold = `
  SELECT set_config('statement_timeout', '0', true), set_config('idle_in_transaction_session_timeout', '10s', true),
         set_config('work_mem', '128MB', true), set_config('enable_mergejoin', 'off', true),
         set_config('enable_nestloop', 'off', true), set_config('jit', 'off', true)`;

/**
 * One row for each lane of the month, from its first day to its last; a day without prices counts 0. $1 compaction, $2
 * month, $3 batches and $4 days (pairs).
 */
export const foldRates = `
  WITH cell AS MATERIALIZED (
    SELECT r.origin_id, r.destination_id, held.day, sum(held.count::float8) AS count, sum(held.sum::float8) AS sum
    FROM daily_rates r
    CROSS JOIN LATERAL (
      SELECT r.first_day + at::integer - 1 AS day, count, sum
      FROM unnest(r.counts, r.sums) WITH ORDINALITY AS run (count, sum, at)
    ) held
    JOIN unnest($3::integer[], $4::date[]) AS folded (batch_id, day)
      ON folded.batch_id = r.batch_id AND folded.day = held.day
    WHERE r.first_day >= $2::date AND r.first_day < ($2::date + interval '1 month')::date AND held.count > 0
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
  SELECT origin_id, destination_id, min(day), $1, array_agg(count ORDER BY day), array_agg(sum ORDER BY day)
  FROM summed
  GROUP BY origin_id, destination_id
  ORDER BY origin_id, destination_id`;

/** $1 compaction, $2 batches and $3 days (pairs). */
export const foldDays = `
  INSERT INTO batch_days (batch_id, day, prices, price_sum)
  SELECT $1, d.day, sum(d.prices), sum(d.price_sum)
  FROM batch_days d
  JOIN unnest($2::integer[], $3::date[]) AS folded (batch_id, day) ON folded.batch_id = d.batch_id AND folded.day = d.day
  GROUP BY d.day`;

/** How many of batches $1 are still published; nobody can change them until the transaction ends. */
export const lockFolded = `
  SELECT count(*) FILTER (WHERE state = 'published')::integer AS published
  FROM (SELECT state FROM batches WHERE id = ANY ($1::integer[]) ORDER BY id FOR UPDATE) locked`;

/** The month $2 of batches $1. */
export const buryFolded = `
  WITH buried AS (
    DELETE FROM batch_days
    WHERE batch_id = ANY ($1::integer[]) AND day >= $2::date AND day < ($2::date + interval '1 month')::date
  )
  INSERT INTO dead_months (batch_id, month) SELECT batch_id, $2 FROM unnest($1::integer[]) AS batch_id`;

/** Batches $1 can no longer be retracted; those with no day left are compacted. */
export const setCompacted = `
  UPDATE batches b
  SET compacted_at = coalesce(compacted_at, clock_timestamp()),
      state = CASE WHEN EXISTS (SELECT FROM batch_days d WHERE d.batch_id = b.id) THEN state ELSE 'compacted' END
  WHERE id = ANY ($1::integer[])`;
