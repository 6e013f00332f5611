/**
 * The one lock of everything that changes what consumers see (publish, retract, compaction's flip, retention, place
 * imports): the row of `dataset`, taken before any row of `batches` and `batch_days`. They are short, so one at a time
 * costs nothing, and no two can wait for each other. Order of all locks of ingest:
 *
 * 1. `ratesapp.tree` (shared by whatever makes daily_rates rows, exclusive for a place import),
 * 2. a month of a batch (audit, reclaim) or of a feed (compaction),
 * 3. the row of `dataset`,
 * 4. rows of `batches`, then of `batch_days`.
 */
export const lockDataset = "SELECT FROM dataset FOR UPDATE";

/**
 * An idle holder of these locks would stop every publish, as when its host vanishes between two statements; the server
 * ends it. Whoever waits gives up in time to answer the user. Both end with the transaction.
 */
export const limitWaits = `
  SELECT set_config('idle_in_transaction_session_timeout', '10s', true), set_config('lock_timeout', '15s', true)`;

/**
 * Sets `visible` for the days that batch $1 holds, for every batch of its feed: the batch is published, and no
 * published `replace` batch that came later holds the day. Touches only rows that change.
 *
 * One window over the feed's rows of those days instead of a NOT EXISTS for each: a feed that replaces the same days
 * every hour would compare every batch with every later one.
 */
export const refreshVisibility = `
  WITH given AS (
    SELECT b.feed, d.day FROM batches b JOIN batch_days d ON d.batch_id = b.id WHERE b.id = $1
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
  WHERE entry.visible <> entry.wanted AND d.batch_id = entry.batch_id AND d.day = entry.day`;

export const growDataset = `
  UPDATE dataset SET version = version + 1, changed_at = date_trunc('milliseconds', clock_timestamp())
  RETURNING version`;
