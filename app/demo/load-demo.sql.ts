import { statement } from "../database/statement.js";

/**
 * True if the database holds anything that the demo did not make: a batch of another feed, or a place that is not in
 * `codes`.
 */
export const findOthersData = statement<{ feed: string; codes: readonly string[] }, { found: boolean }>(`
  SELECT EXISTS (SELECT FROM batches WHERE feed <> $feed)
      OR EXISTS (SELECT FROM places WHERE code <> ALL ($codes::text[])) AS found`);
