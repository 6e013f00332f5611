import { statement } from "../database/statement.js";
import { daysOf, insertCells, joinHistograms } from "./fold.sql.js";

/** The sequence of the oldest batch of each feed that can still be retracted. */
const edge = `
  edge AS (
    SELECT feed, min(sequence) AS sequence
    FROM batches
    WHERE state IN ('published', 'retracted') AND mode <> 'compaction'
      AND published_at >= clock_timestamp() - make_interval(days => $retractableDays::integer)
    GROUP BY feed
  )`;
/**
 * The days of settled batches. A batch is settled if it was published before the oldest batch of its feed that can
 * still be retracted. A compaction counts together with the batches that it folded. A later `replace` batch can hide a
 * day of settled batches, and its retract shows the day again, but always for all settled batches together; so they can
 * become one batch. A fold that holds batches is settled only once the youngest of these batches is ({@link
 * listSettledFolds}); until then the fold and its batches are left out here.
 */
const settled = `
  ${edge}, settled AS (
    SELECT d.batch_id, d.published_feed AS feed, d.published_sequence AS sequence, d.replaces, d.day, d.price_sum,
           d.laid_aside
    FROM batch_days d
    LEFT JOIN edge ON edge.feed = d.published_feed
    CROSS JOIN LATERAL (SELECT mode, folded FROM batches WHERE id = d.batch_id LIMIT 1) b
    WHERE d.published_sequence IS NOT NULL AND d.fold_id IS NULL
      AND (edge.sequence IS NULL OR d.published_sequence < edge.sequence)
      AND NOT (b.mode = 'compaction' AND b.folded)
  )`;

/**
 * Feeds and months in which at least `batches` settled batches hold days. For fewer batches, the gain would not be
 * worth writing the month again.
 */
export const listFoldable = statement<{ retractableDays: number; batches: number }, { feed: string; month: string }>(`
  WITH ${settled}
  SELECT feed, to_char(date_trunc('month', day), 'YYYY-MM-DD') AS month
  FROM settled
  GROUP BY feed, date_trunc('month', day)
  HAVING count(DISTINCT batch_id) >= greatest(2, $batches::integer)
  ORDER BY feed, month`);

/**
 * The batches and days to fold, in one feed and month. `inputs`: all settled batches. `batches` and `days`: pairs, the
 * days that consumers may still see; a day that a settled `replace` hides for ever is left out. `aside`: those of
 * `batches` whose rates were laid aside. `exact`: whether a fold can hold the sum of each day.
 */
export const listFold = statement<
  { retractableDays: number; feed: string; month: string },
  {
    inputs: number[] | null;
    batches: number[] | null;
    days: string[] | null;
    aside: number[] | null;
    exact: boolean | null;
  }
>(`
  WITH ${settled}
  SELECT array_agg(DISTINCT batch_id) AS inputs,
         array_agg(batch_id ORDER BY day, batch_id) FILTER (WHERE seen) AS batches,
         array_agg(to_char(day, 'YYYY-MM-DD') ORDER BY day, batch_id) FILTER (WHERE seen) AS days,
         array_agg(DISTINCT batch_id) FILTER (WHERE seen AND laid_aside) AS aside,
         bool_and(seen_sum < 9007199254740992) FILTER (WHERE seen) AS exact
  FROM (
    SELECT *, sum(price_sum) FILTER (WHERE seen) OVER (PARTITION BY day) AS seen_sum
    FROM (
      SELECT batch_id, day, price_sum, laid_aside,
             sequence >= coalesce(max(sequence) FILTER (WHERE replaces) OVER (PARTITION BY day), sequence) AS seen
      FROM settled
      WHERE feed = $feed AND day >= $month::date AND day < ($month::date + interval '1 month')::date
    ) entry
  ) summed`);

/** Inserts the batch that holds the sums of these batches from now on. */
export const insertFold = statement<{ feed: string; month: string; batches: readonly number[] }, { id: number }>(`
  INSERT INTO batches (feed, source, identity, mode, state, planned, sequence, audited_at, published_at)
  SELECT $feed, 'compaction', format('compaction %s %s', $month::text, gen_random_uuid()), 'compaction', 'published', true,
         max(sequence), clock_timestamp(), max(published_at)
  FROM batches WHERE id = ANY ($batches::integer[])
  RETURNING id`);

/**
 * Writes the rates of the new batch: one row for each lane (origin and destination) of the month, from the first day
 * with prices to the last. A day without prices counts 0. `batches` and `days` are pairs.
 *
 * 1. `cell` takes the rows of the batches apart into days, keeps the days to fold, and adds them up by lane and day.
 *    It adds in floating point, which is several times faster than in `numeric` and exact up to 2^53; {@link listFold}
 *    has told that no day has more. MATERIALIZED, because {@link insertCells} reads it twice.
 * 2. `kept` tells the days to fold of each batch as bits, the first of the month lowest, and all days that it holds.
 * 3. `held` joins the histograms of each lane. Those of a batch of which not all days are folded get a head that says
 *    which days count.
 * 4. {@link insertCells} puts the days of each lane together again.
 *
 * The rows of the batches stay: consumers see them until the pointers move.
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
  ), kept AS (
    SELECT d.batch_id, bit_or(1 << (extract(day FROM d.day)::integer - 1)) AS all_days,
           bit_or(1 << (extract(day FROM d.day)::integer - 1)) FILTER (WHERE folded.day IS NOT NULL) AS days
    FROM batch_days d
    LEFT JOIN unnest($batches::integer[], $days::date[]) AS folded (batch_id, day)
      ON folded.batch_id = d.batch_id AND folded.day = d.day
    WHERE d.batch_id = ANY ($batches::integer[])
      AND d.day >= $month::date AND d.day < ($month::date + interval '1 month')::date
    GROUP BY d.batch_id
  ), held AS (
    SELECT r.origin_id, r.destination_id, ${joinHistograms(`
      CASE WHEN kept.days = kept.all_days THEN r.histograms
           ELSE int4send(kept.days) || int4send(-octet_length(r.histograms)) || r.histograms END`)} AS histograms
    FROM daily_rates r JOIN kept ON kept.batch_id = r.batch_id
    WHERE r.first_day >= $month::date AND r.first_day < ($month::date + interval '1 month')::date
    GROUP BY r.origin_id, r.destination_id
  ), ${insertCells}`);

/** Writes the days of the new batch, with their totals. `batches` and `days` are pairs. */
export const foldDays = statement<{ foldId: number; batches: readonly number[]; days: readonly string[] }>(`
  INSERT INTO batch_days (batch_id, day, prices, price_sum)
  SELECT $foldId, d.day, sum(d.prices), sum(d.price_sum)
  FROM batch_days d
  JOIN unnest($batches::integer[], $days::date[]) AS folded (batch_id, day)
    ON folded.batch_id = d.batch_id AND folded.day = d.day
  GROUP BY d.day`);

/**
 * Counts the batches that are still published. Locks the rows of all, so that no other session changes them until the
 * transaction ends.
 */
export const lockFolded = statement<{ batches: readonly number[] }, { published: number }>(`
  SELECT count(*) FILTER (WHERE state = 'published')::integer AS published
  FROM (SELECT state FROM batches WHERE id = ANY ($batches::integer[]) ORDER BY id FOR UPDATE) locked`);

/** Takes the month from these batches, and notes their rows of the month as dead. Reclaim deletes dead rows. */
export const buryFolded = statement<{ batches: readonly number[]; month: string }>(`
  WITH buried AS (
    DELETE FROM batch_days
    WHERE batch_id = ANY ($batches::integer[]) AND day >= $month::date AND day < ($month::date + interval '1 month')::date
  )
  INSERT INTO dead_months (batch_id, month) SELECT batch_id, $month FROM unnest($batches::integer[]) AS batch_id`);

/** Marks folded batches, which can no longer be retracted. Those that hold no other day become `compacted`. */
export const setCompacted = statement<{ batches: readonly number[] }>(`
  UPDATE batches b
  SET compacted_at = coalesce(compacted_at, clock_timestamp()), laid_aside = false,
      folded = EXISTS (SELECT FROM batch_days d WHERE d.batch_id = b.id AND d.fold_id IS NOT NULL),
      state = CASE WHEN EXISTS (SELECT FROM batch_days d WHERE d.batch_id = b.id) THEN state ELSE 'compacted' END
  WHERE id = ANY ($batches::integer[])`);

/** Folds that are part of no other fold, and none of whose batches can be retracted any more. */
export const listSettledFolds = statement<{ retractableDays: number }, { id: number; feed: string }>(`
  WITH ${edge}
  SELECT b.id, b.feed
  FROM batches b LEFT JOIN edge ON edge.feed = b.feed
  WHERE b.mode = 'compaction' AND b.folded AND (edge.sequence IS NULL OR b.sequence < edge.sequence)
    AND EXISTS (SELECT FROM batch_days d WHERE d.batch_id = b.id AND d.fold_id IS NULL)
  ORDER BY b.id`);

/** Days of everything that a fold holds, directly or through other folds. */
const below = `
  below AS (
    SELECT batch_id, day FROM batch_days WHERE fold_id = $foldId
    UNION ALL
    SELECT d.batch_id, d.day FROM below JOIN batch_days d ON d.fold_id = below.batch_id AND d.day = below.day
  )`;

/**
 * Ends the link between a fold and up to `limit` of its deliveries, and returns these deliveries. From then on the fold
 * holds their prices for good.
 */
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

/** Takes the days from the folds that a fold was made of, and returns these folds. They hold nothing any more. */
export const releaseFolds = statement<{ foldId: number }, { id: number }>(`
  WITH RECURSIVE ${below}
  DELETE FROM batch_days d USING below WHERE d.batch_id = below.batch_id AND d.day = below.day
  RETURNING d.batch_id AS id`);
/** Deletes folds that hold nothing any more. */
export const forgetFolds = statement<{ ids: readonly number[] }>(
  "DELETE FROM batches WHERE id = ANY ($ids::integer[]) AND mode = 'compaction'",
);
/** Marks a fold whose deliveries can no longer be retracted: it is an ordinary compaction from now on. */
export const setSettled = statement<{ foldId: number }>("UPDATE batches SET folded = false WHERE id = $foldId");
