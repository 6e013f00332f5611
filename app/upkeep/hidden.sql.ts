import { hasOwnRates, replaceBefore } from "../batches/visibility.sql.js";
import { statement } from "../database/statement.js";

/** Batches of a feed and months of which consumers see no day. `months` are first days, in order. */
export interface Hidden {
  readonly feed: string;
  readonly months: readonly string[];
  readonly ids: readonly number[];
}

interface Small {
  readonly mostPrices: number;
  readonly mostMonths: number;
}

/** A retracted batch, or a `replace` batch that later batches may hide; neither given up nor compacted. */
const mayBeHidden = (b: string) =>
  `(${b}.state = 'retracted' OR ${b}.state = 'published' AND ${b}.mode = 'replace') AND ${b}.compacted_at IS NULL`;

/**
 * The hidden batches among those that the query finds, if they still have rates and are small. Larger batches stay as
 * they are: a publish or a retract may need their rates again, and would take long to write them.
 */
const hidden = (batches: string) => `
  SELECT feed, months, array_agg(id ORDER BY id) AS ids
  FROM (
    SELECT b.id, b.feed, array_agg(DISTINCT to_char(d.day, 'YYYY-MM-01')) AS months
    FROM batches b JOIN batch_days d ON d.batch_id = b.id
    WHERE b.id IN (${batches}) AND ${mayBeHidden("b")}
    GROUP BY b.id
    HAVING NOT bool_or(d.visible OR d.laid_aside OR d.fold_id IS NOT NULL) AND sum(d.prices) <= $mostPrices
       AND count(DISTINCT date_trunc('month', d.day)) <= $mostMonths
  ) one
  GROUP BY feed, months`;

/** All hidden batches that still have rates. */
export const listHidden = statement<Small, Hidden>(
  hidden(`
    SELECT d.batch_id FROM batch_days d WHERE ${hasOwnRates("d")} AND d.replaces AND NOT d.visible
    UNION ALL
    SELECT r.id FROM batches r WHERE r.state = 'retracted' AND r.reclaimed_at IS NULL`),
);

/** The given batch, and those of which it may hide the last day, if they are hidden and still have rates. */
export const listHiddenAround = statement<Small & { batchId: number }, Hidden>(
  hidden(`
    SELECT $batchId::integer
    UNION ALL
    SELECT before.batch_id
    FROM batches given
    JOIN batch_days own ON own.batch_id = given.id
    CROSS JOIN LATERAL ${replaceBefore("given", "own")} before
    WHERE given.id = $batchId AND given.mode = 'replace' AND given.state = 'published'`),
);

/**
 * Those of the batches that still have rates and are hidden. The days are asked for batch by batch: as a join, a fold's
 * settings would make it read the days of all batches.
 */
export const listWithRates = statement<{ ids: readonly number[] }, { id: number }>(`
  SELECT id FROM batches b
  WHERE id = ANY ($ids::integer[]) AND ${mayBeHidden("b")} AND NOT (
    SELECT bool_or(visible OR laid_aside OR fold_id IS NOT NULL) FROM batch_days WHERE batch_id = b.id)`);

/** Deletes the rates of these batches, which hold no other months than those from `firstMonth` to `lastMonth`. */
export const deleteRates = statement<{
  ids: readonly number[];
  firstMonth: string | undefined;
  lastMonth: string | undefined;
}>(`
  DELETE FROM daily_rates
  WHERE batch_id = ANY ($ids::integer[])
    AND first_day >= $firstMonth::date AND first_day < ($lastMonth::date + interval '1 month')::date`);

/** Marks the days of these batches as laid aside. */
export const layHiddenAside = statement<{ ids: readonly number[] }>(
  "UPDATE batch_days SET laid_aside = true WHERE batch_id = ANY ($ids::integer[])",
);
