import { statement } from "../database/statement.js";

/**
 * True if the database holds anything that the demonstration did not make: not of its `feed`, or not a place of
 * `codes`.
 */
export const findOthersData = statement<{ feed: string; codes: readonly string[] }, { found: boolean }>(`
  SELECT EXISTS (SELECT FROM batches WHERE feed <> $feed)
      OR EXISTS (SELECT FROM places WHERE code <> ALL ($codes::text[])) AS found`);
