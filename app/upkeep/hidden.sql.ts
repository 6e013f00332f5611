import { statement } from "../database/statement.js";

/** A `replace` batch that later batches hide on all its days. `months` are first days of months. */
export interface Hidden {
  readonly id: number;
  readonly feed: string;
  readonly from_day: string;
  readonly last_day: string;
  readonly months: readonly string[];
}

interface Small {
  readonly mostPrices: number;
  readonly mostMonths: number;
}

/**
 * The hidden batches among those that the query finds, if they still have rates and are small. Larger batches stay as
 * they are: a retract may need their rates again, and would take long to write them.
 */
const hidden = (batches: string) => `
  SELECT b.id, b.feed, to_char(min(d.day), 'YYYY-MM-DD') AS from_day, to_char(max(d.day), 'YYYY-MM-DD') AS last_day,
         array_agg(DISTINCT to_char(d.day, 'YYYY-MM-01')) AS months
  FROM batches b JOIN batch_days d ON d.batch_id = b.id
  WHERE b.id IN (${batches}) AND b.mode = 'replace' AND b.state = 'published' AND b.compacted_at IS NULL
  GROUP BY b.id
  HAVING NOT bool_or(d.visible OR d.laid_aside OR d.fold_id IS NOT NULL) AND sum(d.prices) <= $mostPrices
     AND count(DISTINCT date_trunc('month', d.day)) <= $mostMonths
  ORDER BY b.id`;

/** All hidden batches that still have rates. */
export const listHidden = statement<Small, Hidden>(
  hidden("SELECT id FROM batches WHERE mode = 'replace' AND state = 'published'"),
);

/** The hidden batches that still have rates, in the feed and on the days of the given batch. */
export const listHiddenAround = statement<Small & { batchId: number }, Hidden>(
  hidden(`
    SELECT d.batch_id
    FROM batches given
    JOIN batch_days own ON own.batch_id = given.id
    JOIN batch_days d ON d.day = own.day AND d.fold_id IS NULL AND NOT d.laid_aside AND NOT d.visible
    JOIN batches other ON other.id = d.batch_id AND other.feed = given.feed
    WHERE given.id = $batchId AND given.mode = 'replace'`),
);

/** @returns 0 if a day of the batch is visible, laid aside or in a fold. */
export const keepsRates = statement<{ id: number }>(`
  SELECT FROM batches WHERE id = $id AND state = 'published' AND NOT EXISTS (
    SELECT FROM batch_days WHERE batch_id = $id AND (visible OR laid_aside OR fold_id IS NOT NULL))`);

/** Deletes the rates of a batch. */
export const deleteRates = statement<{ id: number; fromDay: string; lastDay: string }>(`
  DELETE FROM daily_rates
  WHERE batch_id = $id AND first_day >= date_trunc('month', $fromDay::date)::date AND first_day <= $lastDay::date`);

/**
 * Marks the days of a hidden batch as laid aside.
 * @returns the number of days; 0 if a retract has made one of them visible in the meantime.
 */
export const layHiddenAside = statement<{ id: number }>(`
  UPDATE batch_days SET laid_aside = true
  WHERE batch_id = $id AND NOT EXISTS (
    SELECT FROM batch_days d JOIN batches b ON b.id = d.batch_id
    WHERE b.id = $id AND (d.visible OR d.laid_aside OR b.state <> 'published'))`);
