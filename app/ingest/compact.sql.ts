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

/** Feeds and months in which $2 or more settled batches hold the same day: fewer are not worth writing again. */
export const listFoldable = `
  WITH ${settled}
  SELECT DISTINCT feed, to_char(day, 'YYYY-MM-01') AS month
  FROM (SELECT feed, day FROM settled GROUP BY feed, day HAVING count(*) >= greatest(2, $2::integer)) crowded
  ORDER BY feed, month`;

/** One compaction of a feed ($1) and month ($2) at a time. */
export const claimFold = `
  SELECT pg_try_advisory_xact_lock(hashtext('ratesapp.fold ' || $1), to_char($2::date, 'YYYYMM')::integer) AS claimed`;

/**
 * What is to be folded in feed $2 and month $3: every settled batch and day where there is more than one of them.
 * `seen` is false for those that a settled replace hides for ever.
 */
export const listFold = `
  WITH ${settled}
  SELECT array_agg(batch_id ORDER BY day, batch_id) AS batches,
         array_agg(to_char(day, 'YYYY-MM-DD') ORDER BY day, batch_id) AS days,
         array_agg(seen ORDER BY day, batch_id) AS seen
  FROM (
    SELECT batch_id, day, count(*) OVER of_day AS held,
           sequence >= coalesce(max(sequence) FILTER (WHERE mode = 'replace') OVER of_day, sequence) AS seen
    FROM settled
    WHERE feed = $2 AND day >= $3::date AND day < ($3::date + interval '1 month')::date
    WINDOW of_day AS (PARTITION BY day)
  ) entry
  WHERE held > 1`;

/** $1 feed, $2 month, $3 batches it folds. */
export const insertFold = `
  INSERT INTO batches (feed, source, identity, mode, state, planned, sequence, audited_at, published_at)
  SELECT $1, 'compaction', format('compaction %s %s', $2::text, gen_random_uuid()), 'compaction', 'published', true,
         max(sequence), clock_timestamp(), max(published_at)
  FROM batches WHERE id = ANY ($3::integer[])
  RETURNING id`;

/** $1 compaction, $2 month, $3 batches and $4 days (pairs). */
export const foldRates = `
  INSERT INTO daily_rates (origin_id, destination_id, day, batch_id, count, sum)
  SELECT r.origin_id, r.destination_id, r.day, $1, sum(r.count::float8)::bigint, sum(r.sum::float8)::bigint
  FROM daily_rates r
  JOIN unnest($3::integer[], $4::date[]) AS folded (batch_id, day) ON folded.batch_id = r.batch_id AND folded.day = r.day
  WHERE r.day >= $2::date AND r.day < ($2::date + interval '1 month')::date
  GROUP BY r.origin_id, r.destination_id, r.day
  ORDER BY r.origin_id, r.destination_id, r.day`;

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

/** $1 batches and $2 days (pairs). */
export const buryFolded = `
  WITH buried AS (
    DELETE FROM batch_days d
    USING unnest($1::integer[], $2::date[]) AS folded (batch_id, day)
    WHERE d.batch_id = folded.batch_id AND d.day = folded.day
    RETURNING d.batch_id, d.day
  )
  INSERT INTO dead_days (batch_id, day) SELECT batch_id, day FROM buried`;

/** Batches $1 can no longer be retracted; those with no day left are compacted. */
export const setCompacted = `
  UPDATE batches b
  SET compacted_at = coalesce(compacted_at, clock_timestamp()),
      state = CASE WHEN EXISTS (SELECT FROM batch_days d WHERE d.batch_id = b.id) THEN state ELSE 'compacted' END
  WHERE id = ANY ($1::integer[])`;
