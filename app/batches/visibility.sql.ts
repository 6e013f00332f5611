import { statement } from "../database/statement.js";

/**
 * Sets `visible` for the days that a batch holds, for every batch of its feed: the batch is published, and no
 * published `replace` batch that came later holds the day. Touches only rows that change.
 *
 * One window over the feed's rows of those days instead of a NOT EXISTS for each: a feed that replaces the same days
 * every hour would compare every batch with every later one.
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
