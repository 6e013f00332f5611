import { statement } from "../database/statement.js";

/** A month of a batch that has no rows of its own, and its days: the fold that counts them, or null. */
export interface Elsewhere {
  /** First day. */
  readonly month: string;
  readonly from_day: string;
  readonly last_day: string;
  readonly fold_id: number | null;
}

const monthAndDays = `to_char(month, 'YYYY-MM-DD') AS month, to_char(from_day, 'YYYY-MM-DD') AS from_day,
         to_char(last_day, 'YYYY-MM-DD') AS last_day`;

/**
 * Months of a batch whose prices the rows of a fold count. A fold may itself be folded, so it is the last one of a
 * chain.
 */
export const findFolds = statement<{ batchId: number }, Elsewhere>(`
  WITH RECURSIVE above AS (
    SELECT date_trunc('month', day)::date AS month, min(day) AS from_day, max(day) AS last_day, fold_id, 1 AS height
    FROM batch_days WHERE batch_id = $batchId AND fold_id IS NOT NULL
    GROUP BY 1, fold_id
    UNION ALL
    SELECT above.month, from_day, last_day, next.fold_id, above.height + 1
    FROM above
    CROSS JOIN LATERAL (SELECT fold_id FROM batch_days WHERE batch_id = above.fold_id LIMIT 1) next
    WHERE next.fold_id IS NOT NULL
  )
  SELECT ${monthAndDays}, fold_id
  FROM (SELECT DISTINCT ON (month) * FROM above ORDER BY month, height DESC) top ORDER BY top.month`);

/** Months of a batch that have no rows. */
export const findLaidAside = statement<{ batchId: number }, Elsewhere>(`
  SELECT ${monthAndDays}, NULL AS fold_id
  FROM (
    SELECT date_trunc('month', day)::date AS month, min(day) AS from_day, max(day) AS last_day
    FROM batch_days WHERE batch_id = $batchId AND laid_aside
    GROUP BY 1
  ) held
  ORDER BY held.month`);

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

/** Its rows are there again. */
export const takeBack = statement<{ batchId: number }>(
  "UPDATE batch_days SET laid_aside = false WHERE batch_id = $batchId AND laid_aside",
);
