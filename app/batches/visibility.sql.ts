import { statement } from "../database/statement.js";

/**
 * Whether a row of `batch_days` has rates of its own: its batch is published, no fold counts the day, and the rates
 * are not laid aside. The index `batch_days_own` has these rows only. `visible` is right in these rows only. For a day
 * in a fold, read the row of the fold.
 */
export const hasOwnRates = (d: string) =>
  `${d}.published_sequence IS NOT NULL AND ${d}.fold_id IS NULL AND NOT ${d}.laid_aside`;

/** The last published `replace` batch before a batch on a day: no row, or `batch_id` and `published_sequence`. */
export const replaceBefore = (batch: string, d: string) => `(
      SELECT batch_id, published_sequence FROM batch_days
      WHERE replaces AND published_feed = ${batch}.feed AND day = ${d}.day AND published_sequence < ${batch}.sequence
      ORDER BY published_sequence DESC LIMIT 1
    )`;

/** The days of the given batch. `last`: no later published `replace` batch of the feed holds the day. */
const own = `
  own AS (
    SELECT b.id, b.feed, b.sequence, b.state = 'published' AS published, d.day,
           NOT EXISTS (
             SELECT FROM batch_days later
             WHERE later.replaces AND later.published_feed = b.feed AND later.day = d.day
               AND later.published_sequence > b.sequence) AS last
    FROM batches b JOIN batch_days d ON d.batch_id = b.id
    WHERE b.id = $batchId
  )`;

const setWanted = `
  UPDATE batch_days d SET visible = wanted.visible
  FROM wanted
  WHERE d.batch_id = wanted.batch_id AND d.day = wanted.day AND d.visible <> wanted.visible`;

/**
 * Sets `visible` on the days of the given batch, which hides no other batch. A batch is visible on a day if it is
 * published and no later published `replace` batch of its feed holds the day.
 */
export const refreshOwnVisibility = statement<{ batchId: number }>(`
  WITH ${own}, wanted AS (
    SELECT id AS batch_id, day, published AND last AS visible FROM own
  ) ${setWanted}`);

/**
 * As {@link refreshOwnVisibility}, for a `replace` batch: also hides what consumers saw before it, or shows this again.
 * On each day, that is the `replace` batch before it and what was published between the two. These rows lie next to
 * each other in the index, so the time depends on what changes, and not on how many batches the feed has.
 */
export const refreshVisibility = statement<{ batchId: number }>(`
  WITH ${own}, wanted AS (
    SELECT id AS batch_id, day, published AND last AS visible FROM own
    UNION ALL
    SELECT held.batch_id, own.day, NOT own.published
    FROM own
    CROSS JOIN LATERAL (
      SELECT batch_id FROM batch_days d
      WHERE d.published_feed = own.feed AND d.day = own.day AND ${hasOwnRates("d")}
        AND d.published_sequence < own.sequence
        AND d.published_sequence >= coalesce((SELECT published_sequence FROM ${replaceBefore("own", "own")} before), 0)
    ) held
    WHERE own.last
  ) ${setWanted}`);
