import { statement } from "../database/statement.js";

/** A month of a batch that has no rows of its own, and its days: the fold that counts them, or null. */
export interface Elsewhere {
  readonly batch_id: number;
  /** First day. */
  readonly month: string;
  readonly from_day: string;
  readonly last_day: string;
  readonly fold_id: number | null;
}

const monthAndDays = `batch_id, to_char(month, 'YYYY-MM-DD') AS month, to_char(from_day, 'YYYY-MM-DD') AS from_day,
         to_char(last_day, 'YYYY-MM-DD') AS last_day`;

/**
 * Months of a batch whose prices the rows of a fold count. A fold may itself be folded, so it is the last one of a
 * chain.
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

/** Months that have no rows, of the batches that a query finds. */
const laidAside = (batches: string) => `
  SELECT ${monthAndDays}, NULL AS fold_id
  FROM (
    SELECT batch_id, date_trunc('month', day)::date AS month, min(day) AS from_day, max(day) AS last_day
    FROM batch_days WHERE batch_id IN (${batches}) AND laid_aside
    GROUP BY batch_id, 2
  ) held
  ORDER BY batch_id, held.month`;

/** Of a batch that is retracted. */
export const findLaidAside = statement<{ batchId: number }, Elsewhere>(
  laidAside("SELECT id FROM batches WHERE id = $batchId AND state = 'retracted'"),
);

/** Of a batch that is published, and hidden on all its days. */
export const findHiddenAside = statement<{ batchId: number }, Elsewhere>(
  laidAside("SELECT id FROM batches WHERE id = $batchId AND state = 'published'"),
);

/** Of the `replace` batches that consumers see again once this one is retracted. */
export const findRevealed = statement<{ batchId: number }, Elsewhere>(
  laidAside(`
    SELECT next.id
    FROM batches given
    JOIN batch_days own ON own.batch_id = given.id AND own.visible
    CROSS JOIN LATERAL (
      SELECT b.id
      FROM batch_days d JOIN batches b ON b.id = d.batch_id
      WHERE d.day = own.day AND b.feed = given.feed AND b.mode = 'replace' AND b.state = 'published' AND b.id <> given.id
      ORDER BY b.sequence DESC LIMIT 1
    ) next
    WHERE given.id = $batchId AND given.mode = 'replace'`),
);

/** Deliveries that a fold holds, directly or through others, and can let go of: how many, and their numbers. */
export interface Held {
  readonly batches: number;
  readonly first: number;
  readonly last: number;
}

/** Without a row for what holds none. */
export const readHeld = statement<{ foldId: number }, Held>(`
  WITH RECURSIVE below AS (
    SELECT batch_id FROM batch_days WHERE fold_id = $foldId
    UNION
    SELECT d.batch_id FROM below JOIN batch_days d ON d.fold_id = below.batch_id
  )
  SELECT count(*)::integer AS batches, min(id) AS first, max(id) AS last
  FROM batches WHERE id IN (SELECT batch_id FROM below) AND mode <> 'compaction'
  HAVING count(*) > 0`);

/** Takes the batch out of the totals of its folds (`folds`, with their `months`). */
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

/** The rows that take a batch out of these folds are beside theirs until they are added up. */
export const countCorrections = statement<{ folds: readonly (number | null)[] }>(
  "UPDATE batches SET corrections = corrections + 1 WHERE id = ANY ($folds::integer[])",
);

/** The batch has no rows of its own from now on: folds hold its sums, or no longer do. */
export const layAside = statement<{ batchId: number }>(`
  UPDATE batch_days SET fold_id = NULL, laid_aside = true, visible = false
  WHERE batch_id = $batchId AND fold_id IS NOT NULL`);

/** Of a `replace` that is hidden; see the migration. */
export const setLaidAside = statement<{ batches: readonly number[]; laidAside: boolean }>(`
  UPDATE batches SET laid_aside = $laidAside
  WHERE id IN (SELECT id FROM batches WHERE id = ANY ($batches::integer[]) AND laid_aside <> $laidAside ORDER BY id FOR UPDATE)`);

/** Their rows are there again. */
export const takeBack = statement<{ batches: readonly number[] }>(
  "UPDATE batch_days SET laid_aside = false WHERE batch_id = ANY ($batches::integer[]) AND laid_aside",
);
