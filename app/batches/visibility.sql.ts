import { statement } from "../database/statement.js";

/**
 * Sets `visible` on the days of the given batch, for every batch of its feed. A batch is visible on a day if it is
 * published and no later published `replace` batch holds the day. Only rows that change are written.
 *
 * The statement uses one window over the feed's rows of those days. With a NOT EXISTS for each row, a feed that
 * replaces the same days every hour would compare every batch with every later batch.
 */
export const refreshVisibility = statement<{ batchId: number }>(`
  WITH given AS (
    SELECT b.feed, d.day FROM batches b JOIN batch_days d ON d.batch_id = b.id WHERE b.id = $batchId
  ), entry AS (
    SELECT d.batch_id, d.day, d.visible,
           b.state = 'published' AND b.sequence >= coalesce(
             max(b.sequence) FILTER (WHERE b.state = 'published' AND b.mode = 'replace') OVER (PARTITION BY d.day),
             b.sequence) AS wanted
    FROM batches b
    JOIN batch_days d ON d.batch_id = b.id
    JOIN given ON given.feed = b.feed AND given.day = d.day
    WHERE b.sequence IS NOT NULL
  )
  UPDATE batch_days d SET visible = entry.wanted
  FROM entry
  WHERE entry.visible <> entry.wanted AND d.batch_id = entry.batch_id AND d.day = entry.day`);

/**
 * As {@link refreshVisibility}, for a batch that hides no other batch. Only its own days change, so the rows of other
 * batches on the same days are not read.
 */
export const refreshOwnVisibility = statement<{ batchId: number }>(`
  WITH given AS (
    SELECT id, feed, sequence, state FROM batches WHERE id = $batchId
  ), hidden AS (
    SELECT DISTINCT d.day
    FROM given
    JOIN batches later ON later.feed = given.feed AND later.sequence > given.sequence
     AND later.mode = 'replace' AND later.state = 'published'
    JOIN batch_days d ON d.batch_id = later.id
  ), entry AS (
    SELECT d.batch_id, d.day, given.state = 'published' AND hidden.day IS NULL AS wanted
    FROM given JOIN batch_days d ON d.batch_id = given.id LEFT JOIN hidden USING (day)
  )
  UPDATE batch_days d SET visible = entry.wanted
  FROM entry
  WHERE d.batch_id = entry.batch_id AND d.day = entry.day AND d.visible <> entry.wanted`);
