import { statement } from "../database/statement.js";

/**
 * True if the database holds anything that the demo did not make: a batch of another feed, or a place that is not in
 * `codes`.
 */
export const findOthersData = statement<{ feed: string; codes: readonly string[] }, { found: boolean }>(`
  SELECT EXISTS (SELECT FROM batches WHERE feed <> $feed)
      OR EXISTS (SELECT FROM places WHERE code <> ALL ($codes::text[])) AS found`);

/** Days with visible generated prices. They may come from monthly deliveries, which earlier releases made. */
export const listDemoDays = statement<{ feed: string }, { day: string }>(`
  SELECT DISTINCT to_char(d.day, 'YYYY-MM-DD') AS day
  FROM batch_days d JOIN batches b ON b.id = d.batch_id
  WHERE b.feed = $feed AND d.visible`);
