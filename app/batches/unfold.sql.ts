import { statement } from "../database/statement.js";
import { replaceBefore } from "./visibility.sql.js";

/**
 * The days of a batch in one month for which the batch has no rates of its own. `fold_id` is the fold that counts these
 * days; it is null if the rates were laid aside and no fold counts them. Days are texts such as `2021-01-31`.
 */
export interface Elsewhere {
  readonly batch_id: number;
  /** First day of the month. */
  readonly month: string;
  readonly from_day: string;
  readonly last_day: string;
  readonly fold_id: number | null;
}

const monthAndDays = `batch_id, to_char(month, 'YYYY-MM-DD') AS month, to_char(from_day, 'YYYY-MM-DD') AS from_day,
         to_char(last_day, 'YYYY-MM-DD') AS last_day`;

/**
 * The months of a batch that folds count. A fold may itself be part of another fold; the result names the last fold of
 * such a chain, because only that fold has rows.
 */
export const findFolds = statement<{ batchId: number }, Elsewhere>(`
  WITH RECURSIVE above AS (
    SELECT batch_id, date_trunc('month', day)::date AS month, min(day) AS from_day, max(day) AS last_day, fold_id,
           1 AS height
    FROM batch_days WHERE batch_id = $batchId AND fold_id IS NOT NULL
    GROUP BY batch_id, 2, fold_id
    UNION ALL
    SELECT batch_id, above.month, from_day, last_day, next.fold_id, above.height + 1
    FROM above
    CROSS JOIN LATERAL (SELECT fold_id FROM batch_days WHERE batch_id = above.fold_id LIMIT 1) next
    WHERE next.fold_id IS NOT NULL
  )
  SELECT ${monthAndDays}, fold_id
  FROM (SELECT DISTINCT ON (month) * FROM above ORDER BY month, height DESC) top ORDER BY top.month`);

/** The months whose rates were laid aside, for the batches that the query finds. */
const laidAside = (batches: string) => `
  SELECT ${monthAndDays}, NULL AS fold_id
  FROM (
    SELECT batch_id, date_trunc('month', day)::date AS month, min(day) AS from_day, max(day) AS last_day
    FROM batch_days WHERE batch_id IN (${batches}) AND laid_aside
    GROUP BY batch_id, 2
  ) held
  ORDER BY batch_id, held.month`;

/** The months of a retracted batch whose rates were laid aside. */
export const findLaidAside = statement<{ batchId: number }, Elsewhere>(
  laidAside("SELECT id FROM batches WHERE id = $batchId AND state = 'retracted'"),
);

/** The months whose rates were laid aside, of a published batch that later batches hide on all its days. */
export const findHiddenAside = statement<{ batchId: number }, Elsewhere>(
  laidAside("SELECT id FROM batches WHERE id = $batchId AND state = 'published'"),
);

/**
 * The months whose rates were laid aside, of the `replace` batches that consumers see again once the given batch is
 * retracted.
 */
export const findRevealed = statement<{ batchId: number }, Elsewhere>(
  laidAside(`
    SELECT before.batch_id
    FROM batches given
    JOIN batch_days own ON own.batch_id = given.id AND own.visible
    CROSS JOIN LATERAL ${replaceBefore("given", "own")} before
    WHERE given.id = $batchId AND given.mode = 'replace'`),
);

/**
 * The deliveries that a fold holds, directly or through other folds, and that can still be retracted: their number, the
 * first id and the last id.
 */
export interface Held {
  readonly batches: number;
  readonly first: number;
  readonly last: number;
}

/** No row if the batch holds no deliveries. */
export const readHeld = statement<{ foldId: number }, Held>(`
  WITH RECURSIVE below AS (
    SELECT batch_id FROM batch_days WHERE fold_id = $foldId
    UNION
    SELECT d.batch_id FROM below JOIN batch_days d ON d.fold_id = below.batch_id
  )
  SELECT count(*)::integer AS batches, min(id) AS first, max(id) AS last
  FROM batches WHERE id IN (SELECT batch_id FROM below) AND mode <> 'compaction'
  HAVING count(*) > 0`);

/** Subtracts the batch from the daily totals of its folds. `months` and `folds` are pairs. */
export const takeOut = statement<{
  batchId: number;
  months: readonly string[];
  folds: readonly (number | null)[];
}>(`
  UPDATE batch_days fold
  SET prices = fold.prices - own.prices, price_sum = fold.price_sum - own.price_sum
  FROM unnest($months::date[], $folds::integer[]) AS held (month, fold_id)
  JOIN batch_days own
    ON own.batch_id = $batchId AND own.day >= held.month AND own.day < (held.month + interval '1 month')::date
  WHERE fold.batch_id = held.fold_id AND fold.day = own.day`);

/**
 * Notes that these folds have one more correction: rows with negative counts, which take a batch out of the fold. The
 * corrections stay beside the rows of the fold until upkeep adds both up.
 */
export const countCorrections = statement<{ folds: readonly (number | null)[] }>(
  "UPDATE batches SET corrections = corrections + 1 WHERE id = ANY ($folds::integer[])",
);

/**
 * Marks the days of a batch that has left its folds: no fold counts them any more, and the batch has no rates of its
 * own.
 */
export const layAside = statement<{ batchId: number }>(`
  UPDATE batch_days SET fold_id = NULL, laid_aside = true, visible = false
  WHERE batch_id = $batchId AND fold_id IS NOT NULL`);

/** Marks batches as laid aside, or not. The migrations that add the column and its constraints tell why. */
export const setLaidAside = statement<{ batches: readonly number[]; laidAside: boolean }>(`
  UPDATE batches SET laid_aside = $laidAside
  WHERE id IN (SELECT id FROM batches WHERE id = ANY ($batches::integer[]) AND laid_aside <> $laidAside ORDER BY id FOR UPDATE)`);

/** Marks the days of these batches as having rates of their own again. */
export const takeBack = statement<{ batches: readonly number[] }>(
  "UPDATE batch_days SET laid_aside = false WHERE batch_id = ANY ($batches::integer[]) AND laid_aside",
);
