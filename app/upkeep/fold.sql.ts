import { hasOwnRates } from "../batches/visibility.sql.js";
import { statement } from "../database/statement.js";

/**
 * When batches are due to be folded. `fanIn` batches of a level become one batch of the next level, so a question reads
 * at most `fanIn` - 1 batches of each level. With a smaller number, rates are written more often; with a larger number,
 * there are more rows to read and to keep. A batch with more than `mostPrices` prices, or of more than `mostMonths`
 * months, is not folded: its retract writes its rates again from its prices. With more prices the client of the retract
 * would wait too long; with more months one transaction would lock too many tables.
 */
export const DUE = { fanIn: 4, mostPrices: 20_000, mostMonths: 12 };
/** Most batches of one fold, so that each fold takes seconds at most. The others are folded in the next turn. */
const MOST_INPUTS = 64;

/**
 * Groups of batches that are due to be folded together: published batches of one feed, month and level. No `replace`
 * batch, published or retracted, lies between them: a `replace` hides only earlier batches, so earlier and later
 * batches must stay apart. Within a group the order of the batches makes no difference. Larger batches are in no group.
 * A fold that as many batches have left as make a fold is a group of its own: its rows are added up again.
 *
 * 1. `holder`: the batches with rates of their own in each feed and month, without those of mode `replace`.
 * 2. `foldable`: those that may be folded, each with its `border`, the last `replace` before it in the month. Batches
 *    with the same border have no `replace` between them. A retracted `replace` is a border too: once published again,
 *    it would hide a part of the fold and not the rest. LIMIT, because the planner takes the holders for more than they
 *    are, and would read all batches for a join.
 * 3. `due`: the groups with as many batches as make a fold.
 * @param days a query of days with rates of their own, each with its `feed` and the `month` that it lies in.
 */
const due = (days: string) => `
  WITH holder AS (
    SELECT feed, month, batch_id AS id, published_sequence AS sequence, sum(price_sum) AS price_sum
    FROM (${days}) d
    WHERE NOT replaces
    GROUP BY feed, month, batch_id, published_sequence
  ), foldable AS (
    SELECT holder.*, b.mode, b.fold_level, b.corrections, (
             SELECT r.sequence FROM batches r
             WHERE r.feed = holder.feed AND r.mode = 'replace' AND r.state IN ('published', 'retracted')
               AND r.sequence < holder.sequence
               AND EXISTS (
                 SELECT FROM batch_days
                 WHERE batch_id = r.id AND day >= month AND day < (month + interval '1 month')::date)
             ORDER BY r.sequence DESC LIMIT 1) AS border
    FROM holder
    CROSS JOIN LATERAL (SELECT * FROM batches WHERE id = holder.id LIMIT 1) b
    WHERE CASE b.mode WHEN 'append' THEN (
                        SELECT sum(prices) <= $mostPrices AND count(DISTINCT date_trunc('month', day)) <= $mostMonths
                        FROM batch_days WHERE batch_id = holder.id)
                      ELSE b.folded
          END
  ), due AS (
    SELECT feed, month, fold_level + 1 AS level, array_agg(id ORDER BY sequence, id) AS inputs
    FROM foldable
    GROUP BY feed, month, border, fold_level
    -- No day may add up to more than is exact.
    HAVING count(*) >= $fanIn::integer AND sum(price_sum) < 9007199254740992
    UNION ALL
    SELECT feed, month, fold_level, ARRAY[id]
    FROM foldable
    WHERE mode = 'compaction' AND corrections >= $fanIn::integer
  )`;

const select = `
  SELECT feed, to_char(month, 'YYYY-MM-DD') AS month, level, inputs[:${MOST_INPUTS}] AS inputs
  FROM due ORDER BY level, month`;

/** A group of batches that becomes one fold; or a single fold whose rows are added up with their corrections. */
export interface Due {
  readonly feed: string;
  /** First day of the month. */
  readonly month: string;
  readonly level: number;
  readonly inputs: readonly number[];
}

interface DueParams {
  readonly mostPrices: number;
  readonly mostMonths: number;
  readonly fanIn: number;
}

/**
 * A group that is due in the feed and the months of one batch. No row for a `replace`, because it is not folded and its
 * publish makes nothing due.
 */
export const findDueAround = statement<DueParams & { batchId: number }, Due>(`
  ${due(`
    SELECT feed, month, d.*
    FROM (
      SELECT DISTINCT b.feed, date_trunc('month', given.day)::date AS month
      FROM batches b JOIN batch_days given ON given.batch_id = b.id
      WHERE b.id = $batchId AND b.mode <> 'replace'
    ) scope
    JOIN batch_days d ON d.published_feed = feed AND d.day >= month AND d.day < (month + interval '1 month')::date
     AND ${hasOwnRates("d")}`)} ${select} LIMIT 1`);

const everywhere = due(`
    SELECT d.published_feed AS feed, date_trunc('month', d.day)::date AS month, d.*
    FROM batch_days d WHERE ${hasOwnRates("d")}`);

/** All groups of all feeds that are due. */
export const listDue = statement<DueParams, Due>(`${everywhere} ${select}`);

/** How many batches are in groups that are due. */
export const countDue = statement<DueParams, { batches: number }>(`
  ${everywhere} SELECT coalesce(sum(cardinality(inputs)), 0)::integer AS batches FROM due`);

/**
 * Settings for the statements of a fold. A hash join suits every size, while the planner does not know the sizes of
 * batches and could choose a slow join. There is no limit of time, because no other session waits for the locks of
 * these statements.
 */
export const boundFold = statement(`
  SELECT set_config('statement_timeout', '0', true), set_config('idle_in_transaction_session_timeout', '10s', true),
         set_config('work_mem', '128MB', true), set_config('enable_mergejoin', 'off', true),
         set_config('enable_nestloop', 'off', true), set_config('jit', 'off', true)`);

/**
 * The planner's own choice of joins again, for the short statements under the lock that publishes wait for. They find
 * few rows by an index; with hash joins alone they would read all batches, and each publish would wait for that.
 */
export const unboundFold = statement(`
  SELECT set_config('enable_mergejoin', 'on', true), set_config('enable_nestloop', 'on', true)`);

/**
 * Takes the lock that allows only one fold or compaction of a feed and month at a time. Does not wait: `claimed` is
 * false if another session holds the lock.
 */
export const claimFold = statement<{ feed: string; month: string }, { claimed: boolean }>(`
  SELECT pg_try_advisory_xact_lock(
    hashtext('ratesapp.fold ' || $feed), to_char($month::date, 'YYYYMM')::integer) AS claimed`);

/**
 * Makes Postgres find rows by the index of their batch. Without this, the planner could read a whole month that it
 * takes to be small.
 */
export const boundFoldEarly = statement("SELECT set_config('enable_seqscan', 'off', true)");

/** How many corrections the rows of a fold have. No row if the fold is part of another fold. */
export const readCorrections = statement<{ foldId: number }, { corrections: number }>(`
  SELECT corrections FROM batches
  WHERE id = $foldId AND folded AND NOT EXISTS (
    SELECT FROM batch_days WHERE batch_id = batches.id AND fold_id IS NOT NULL)`);

/**
 * Subtracts the corrections that were added up. Corrections that came in the meantime may have been added up too; they
 * stay counted, and are looked at once more the next time.
 */
export const setAddedUp = statement<{ foldId: number; corrections: number }>(
  "UPDATE batches SET corrections = corrections - $corrections::integer WHERE id = $foldId",
);

/**
 * How many of the batches still have rows of the month (`holders`), and how many prices these rows count. Each retract
 * makes `prices` smaller.
 */
export const inspectInputs = statement<
  { inputs: readonly number[]; month: string },
  { holders: number; prices: string | null }
>(`
  SELECT count(DISTINCT b.id)::integer AS holders, sum(d.prices) AS prices
  FROM batches b JOIN batch_days d ON d.batch_id = b.id
  WHERE b.id = ANY ($inputs::integer[]) AND b.state = 'published' AND d.fold_id IS NULL
    AND d.day >= $month::date AND d.day < ($month::date + interval '1 month')::date`);

/** Inserts the fold of batches that can still be retracted. */
export const insertEarlyFold = statement<
  { feed: string; month: string; level: number; inputs: readonly number[] },
  { id: number }
>(`
  INSERT INTO batches (feed, source, identity, mode, state, planned, sequence, audited_at, published_at, folded,
                       fold_level)
  SELECT $feed, 'fold', format('fold %s %s', $month::text, gen_random_uuid()), 'compaction', 'published', true,
         max(sequence), clock_timestamp(), max(published_at), true, $level::smallint
  FROM batches WHERE id = ANY ($inputs::integer[])
  RETURNING id`);

/** Writes the days of a fold, with the totals of its batches. */
export const addUpDays = statement<{ foldId: number; inputs: readonly number[]; month: string }>(`
  INSERT INTO batch_days (batch_id, day, prices, price_sum)
  SELECT $foldId, day, sum(prices), sum(price_sum)
  FROM batch_days
  WHERE batch_id = ANY ($inputs::integer[]) AND day >= $month::date
    AND day < ($month::date + interval '1 month')::date
  GROUP BY day`);

/** The days of a row of daily_rates, each with its count and sum. */
export const daysOf = (row: string) => `(
      SELECT ${row}.first_day + at::integer - 1 AS day, count, sum
      FROM unnest(${row}.counts, ${row}.sums) WITH ORDINALITY AS run (count, sum, at)
    )`;

/**
 * Inserts the rates of a fold from a table `cell` of sums by lane and day, and a table `held` of histograms by lane:
 * one row for each lane, from its first day to its last.
 *
 * 1. `lane` finds the first and the last day of each lane.
 * 2. `filled` adds a 0 for each day between the two. Without these, an array would be shorter than its days, and all
 *    days behind a gap would be read as days before.
 * 3. `summed` adds both up, so that each day occurs once.
 * 4. `run` makes the arrays, in the order of the days.
 * 5. The INSERT adds the histograms, and makes the rows in the order of the index that questions read.
 */
export const insertCells = `lane AS (
    SELECT origin_id, destination_id, min(day) AS first_day, max(day) AS last_day
    FROM cell GROUP BY origin_id, destination_id
  ), filled AS (
    SELECT origin_id, destination_id, day, count, sum FROM cell
    UNION ALL
    SELECT origin_id, destination_id, first_day + at, 0, 0 FROM lane, generate_series(0, last_day - first_day) AS at
  ), summed AS (
    SELECT origin_id, destination_id, day, sum(count)::bigint AS count, sum(sum)::bigint AS sum
    FROM filled GROUP BY origin_id, destination_id, day
  ), run AS (
    SELECT origin_id, destination_id, min(day) AS first_day, array_agg(count ORDER BY day) AS counts,
           array_agg(sum ORDER BY day) AS sums
    FROM summed GROUP BY origin_id, destination_id
  )
  INSERT INTO daily_rates (origin_id, destination_id, first_day, batch_id, counts, sums, histograms)
  SELECT origin_id, destination_id, first_day, $foldId, counts, sums, histograms
  FROM run JOIN held USING (origin_id, destination_id)
  ORDER BY origin_id, destination_id`;

/**
 * Joins the histograms of the rows of a lane: they stand one behind the other. Null if a row has none, because its
 * prices would be missing.
 */
export const joinHistograms = (histograms: string) =>
  `CASE WHEN bool_and(${histograms} IS NOT NULL) THEN string_agg(${histograms}, '') END`;

/**
 * Replaces the rates of the batches by those of the fold.
 *
 * 1. `gone` deletes the rows of the batches and hands them on.
 * 2. `cell` takes them apart into days and adds them up by lane and day, in floating point as in compaction. Where a
 *    correction took out all prices, nothing is left, and so no row is written.
 * 3. `held` joins their histograms.
 * 4. {@link insertCells} writes the rows of the fold.
 *
 * No reader sees a moment between: all of it is one transaction, with the pointers that move at its end.
 */
export const moveRates = statement<{ foldId: number; inputs: readonly number[]; month: string }>(`
  WITH gone AS (
    DELETE FROM daily_rates
    WHERE batch_id = ANY ($inputs::integer[])
      AND first_day >= $month::date AND first_day < ($month::date + interval '1 month')::date
    RETURNING origin_id, destination_id, first_day, counts, sums, histograms
  ), cell AS MATERIALIZED (
    SELECT origin_id, destination_id, day, sum(count::float8) AS count, sum(sum::float8) AS sum
    FROM gone CROSS JOIN LATERAL ${daysOf("gone")} held
    GROUP BY origin_id, destination_id, day
    HAVING sum(count) <> 0
  ), held AS (
    SELECT origin_id, destination_id, ${joinHistograms("histograms")} AS histograms
    FROM gone GROUP BY origin_id, destination_id
  ), ${insertCells}`);

/**
 * Locks the batches in the order of their ids, as every session does that changes several batches: otherwise two
 * sessions could wait for each other.
 */
export const lockInputs = statement<{ inputs: readonly number[] }>(
  "SELECT FROM batches WHERE id = ANY ($inputs::integer[]) ORDER BY id FOR UPDATE",
);

/** Notes that the fold counts the days of these batches from now on. */
export const giveDays = statement<{ foldId: number; inputs: readonly number[]; month: string }>(`
  UPDATE batch_days SET fold_id = $foldId
  WHERE batch_id = ANY ($inputs::integer[]) AND day >= $month::date
    AND day < ($month::date + interval '1 month')::date`);

/** Marks batches that are part of a fold. */
export const setFolded = statement<{ inputs: readonly number[] }>(
  "UPDATE batches SET folded = true WHERE id = ANY ($inputs::integer[]) AND NOT folded",
);
