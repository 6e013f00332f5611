import { statement } from "../database/statement.js";

/**
 * Months (first days) of a batch that has no rows of its own, each with the fold whose rows count its prices. A fold
 * may itself be folded, so it is the last one of a chain.
 */
export const findFolds = statement<{ batchId: number }, { month: string; fold_id: number }>(`
  WITH RECURSIVE above AS (
    SELECT DISTINCT date_trunc('month', day)::date AS month, fold_id, 1 AS height
    FROM batch_days WHERE batch_id = $batchId AND fold_id IS NOT NULL
    UNION ALL
    SELECT above.month, next.fold_id, above.height + 1
    FROM above
    CROSS JOIN LATERAL (SELECT fold_id FROM batch_days WHERE batch_id = above.fold_id LIMIT 1) next
    WHERE next.fold_id IS NOT NULL
  )
  SELECT DISTINCT ON (month) to_char(month, 'YYYY-MM-DD') AS month, fold_id
  FROM above ORDER BY month, height DESC`);

/** Months of a batch that have no rows. */
export const findLaidAside = statement<{ batchId: number }, { month: string; fold_id: null }>(`
  SELECT DISTINCT to_char(day, 'YYYY-MM-01') AS month, NULL AS fold_id
  FROM batch_days WHERE batch_id = $batchId AND laid_aside ORDER BY month`);

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

/** The batch has no rows of its own from now on: folds hold its sums, or no longer do. */
export const layAside = statement<{ batchId: number }>(`
  UPDATE batch_days SET fold_id = NULL, laid_aside = true, visible = false
  WHERE batch_id = $batchId AND fold_id IS NOT NULL`);

/** Its rows are there again. */
export const takeBack = statement<{ batchId: number }>(
  "UPDATE batch_days SET laid_aside = false WHERE batch_id = $batchId AND laid_aside",
);
