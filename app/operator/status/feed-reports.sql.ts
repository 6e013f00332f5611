import { statement } from "../../database/statement.js";

/** State of a Feed, as the API reads it. */
export interface FeedReport {
  readonly feed: string;
  readonly state: string;
  readonly message: string;
  /** ISO 8601. */
  readonly next_run: string | undefined;
}

/**
 * Writes these reports, and deletes those of other feeds. A row that has not changed is written again only when it is
 * almost a minute old, so that a change of one feed among hundreds writes one row.
 * @param reports JSON of {@link FeedReport}s.
 */
export const writeReports = statement<{ reports: string }>(`
  WITH told AS (
    SELECT * FROM jsonb_to_recordset($reports::jsonb)
      AS told (feed text, state text, message text, next_run timestamptz)
  ), gone AS (
    DELETE FROM feed_reports WHERE feed NOT IN (SELECT feed FROM told)
  )
  INSERT INTO feed_reports AS known (feed, state, message, next_run, reported_at)
  SELECT feed, state, message, next_run, now() FROM told
  ON CONFLICT (feed) DO UPDATE
  SET state = EXCLUDED.state, message = EXCLUDED.message, next_run = EXCLUDED.next_run,
      reported_at = EXCLUDED.reported_at
  WHERE (known.state, known.message, known.next_run) IS DISTINCT FROM
          (EXCLUDED.state, EXCLUDED.message, EXCLUDED.next_run)
     OR known.reported_at < now() - interval '50 seconds'`);
