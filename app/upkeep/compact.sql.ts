import { statement } from "../database/statement.js";
import { daysOf, insertCells } from "./fold.sql.js";

/** Of each feed, the oldest batch that can still be retracted. */
const edge = `
  edge AS (
    SELECT feed, min(sequence) AS sequence
    FROM batches
    WHERE state IN ('published', 'retracted') AND mode <> 'compaction'
      AND published_at >= clock_timestamp() - make_interval(days => $retractableDays::integer)
    GROUP BY feed
  )`;
/**
 * Days of batches that can no longer be retracted: of a feed, all batches that were published before the oldest one
 * that still can be. A compaction counts with the batches that it folded. A later `replace` can hide a day of them, and
 * its retract shows that day again, but always for all of them together: so they can become one batch. Folds and the
 * batches that they hold come here once the youngest of them is settled ({@link listSettledFolds}).
 */
const settled = `
  ${edge}, settled AS (
    SELECT b.id AS batch_id, b.feed, b.mode, b.sequence, d.day, d.price_sum
    FROM batches b
    JOIN batch_days d ON d.batch_id = b.id
    LEFT JOIN edge ON edge.feed = b.feed
    WHERE b.state = 'published' AND (edge.sequence IS NULL OR b.sequence < edge.sequence)
      AND d.fold_id IS NULL AND NOT (b.mode = 'compaction' AND b.folded)
  )`;

/** Feeds and months in which so many settled batches hold days: fewer are not worth writing again. */
export const listFoldable = statement<{ retractableDays: number; batches: number }, { feed: string; month: string }>(`
  WITH ${settled}
  SELECT feed, to_char(date_trunc('month', day), 'YYYY-MM-DD') AS month
  FROM settled
  GROUP BY feed, date_trunc('month', day)
  HAVING count(DISTINCT batch_id) >= greatest(2, $batches::integer)
  ORDER BY feed, month`);

/**
 * What is to be folded in a feed and month: the settled batches (`inputs`), and which of their days go on to be seen
 * (pairs of `batches` and `days`): not those that a settled replace hides for ever. `exact` tells whether a fold can
 * hold the sum of each day.
 */
export const listFold = statement<
  { retractableDays: number; feed: string; month: string },
  { inputs: number[] | null; batches: number[] | null; days: string[] | null; exact: boolean | null }
>(`
  WITH ${settled}
  SELECT array_agg(DISTINCT batch_id) AS inputs,
         array_agg(batch_id ORDER BY day, batch_id) FILTER (WHERE seen) AS batches,
         array_agg(to_char(day, 'YYYY-MM-DD') ORDER BY day, batch_id) FILTER (WHERE seen) AS days,
         bool_and(seen_sum < 9007199254740992) FILTER (WHERE seen) AS exact
  FROM (
    SELECT *, sum(price_sum) FILTER (WHERE seen) OVER (PARTITION BY day) AS seen_sum
    FROM (
      SELECT batch_id, day, price_sum,
             sequence >= coalesce(max(sequence) FILTER (WHERE mode = 'replace') OVER (PARTITION BY day), sequence) AS seen
      FROM settled
      WHERE feed = $feed AND day >= $month::date AND day < ($month::date + interval '1 month')::date
    ) entry
  ) summed`);

/** Of these batches. */
export const insertFold = statement<{ feed: string; month: string; batches: readonly number[] }, { id: number }>(`
  INSERT INTO batches (feed, source, identity, mode, state, planned, sequence, audited_at, published_at)
  SELECT $feed, 'compaction', format('compaction %s %s', $month::text, gen_random_uuid()), 'compaction', 'published', true,
         max(sequence), clock_timestamp(), max(published_at)
  FROM batches WHERE id = ANY ($batches::integer[])
  RETURNING id`);

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
    CROSS JOIN LATERAL ${daysOf("r")} held
    JOIN unnest($batches::integer[], $days::date[]) AS folded (batch_id, day)
      ON folded.batch_id = r.batch_id AND folded.day = held.day
    WHERE r.first_day >= $month::date AND r.first_day < ($month::date + interval '1 month')::date
    GROUP BY r.origin_id, r.destination_id, held.day
    HAVING sum(held.count) <> 0
  ), ${insertCells}`);

export const foldDays = statement<{ foldId: number; batches: readonly number[]; days: readonly string[] }>(`
  INSERT INTO batch_days (batch_id, day, prices, price_sum)
  SELECT $foldId, d.day, sum(d.prices), sum(d.price_sum)
  FROM batch_days d
  JOIN unnest($batches::integer[], $days::date[]) AS folded (batch_id, day)
    ON folded.batch_id = d.batch_id AND folded.day = d.day
  GROUP BY d.day`);

/**
 * How many of them are still published. It locks their rows, so no session can change them until the transaction ends.
 */
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
      folded = EXISTS (SELECT FROM batch_days d WHERE d.batch_id = b.id AND d.fold_id IS NOT NULL),
      state = CASE WHEN EXISTS (SELECT FROM batch_days d WHERE d.batch_id = b.id) THEN state ELSE 'compacted' END
  WHERE id = ANY ($batches::integer[])`);

/** Folds that no other holds, and of whose batches none can be retracted any more. */
export const listSettledFolds = statement<{ retractableDays: number }, { id: number; feed: string }>(`
  WITH ${edge}
  SELECT b.id, b.feed
  FROM batches b LEFT JOIN edge ON edge.feed = b.feed
  WHERE b.mode = 'compaction' AND b.folded AND (edge.sequence IS NULL OR b.sequence < edge.sequence)
    AND EXISTS (SELECT FROM batch_days d WHERE d.batch_id = b.id AND d.fold_id IS NULL)
  ORDER BY b.id`);

/** Days of all that a fold holds, directly or through others. */
const below = `
  below AS (
    SELECT batch_id, day FROM batch_days WHERE fold_id = $foldId
    UNION ALL
    SELECT d.batch_id, d.day FROM below JOIN batch_days d ON d.fold_id = below.batch_id AND d.day = below.day
  )`;

/** Takes up to `limit` deliveries out of the fold, which stands for them from now on. Returns them. */
export const releaseDeliveries = statement<{ foldId: number; limit: number }, { id: number }>(`
  WITH RECURSIVE ${below}, chosen AS (
    SELECT id FROM batches
    WHERE id IN (SELECT batch_id FROM below) AND mode <> 'compaction'
    ORDER BY id LIMIT $limit
    FOR UPDATE
  ), released AS (
    DELETE FROM batch_days d USING chosen, below
    WHERE d.batch_id = chosen.id AND below.batch_id = chosen.id AND d.day = below.day
  )
  SELECT id FROM chosen`);

/** The folds that a fold was made of; they hold nothing any more. */
export const releaseFolds = statement<{ foldId: number }, { id: number }>(`
  WITH RECURSIVE ${below}
  DELETE FROM batch_days d USING below WHERE d.batch_id = below.batch_id AND d.day = below.day
  RETURNING d.batch_id AS id`);
export const forgetFolds = statement<{ ids: readonly number[] }>(
  "DELETE FROM batches WHERE id = ANY ($ids::integer[]) AND mode = 'compaction'",
);
export const setSettled = statement<{ foldId: number }>("UPDATE batches SET folded = false WHERE id = $foldId");
