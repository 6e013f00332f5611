import { type NoParams, statement } from "../../database/statement.js";

/**
 * One row that is another one once a batch of any feed has begun or ended, and says whether one is being made: all that
 * is asked while nothing happens.
 */
export const readState = statement<NoParams, { state: string; unfinished: boolean }>(`
  SELECT md5(coalesce((SELECT string_agg(feed || ' ' || state || ' ' || batches, ',' ORDER BY feed, state)
                       FROM feed_states), '')) AS state,
         EXISTS (SELECT FROM batches WHERE state IN ('loading', 'auditing', 'audited')) AS unfinished`);

/**
 * For each feed that has any batch, a text that is another one once a batch of it has begun or ended. What it is made
 * of is kept by feed (`feed_states`), so no finished batch is looked at.
 */
export const readMarks = statement<{ feeds: readonly string[] }, { feed: string; mark: string; unfinished: boolean }>(`
  SELECT feed, string_agg(part, ' ' ORDER BY part) AS mark, bool_or(unfinished) AS unfinished
  FROM (
    SELECT feed, state || batches AS part, false AS unfinished FROM feed_states WHERE feed = ANY($feeds)
    UNION ALL
    SELECT feed, state || id, true FROM batches
    WHERE state IN ('loading', 'auditing', 'audited') AND feed = ANY($feeds)
  ) parts
  GROUP BY feed`);

/** Batches of a feed that a retract hides, newest first. */
export const selectRetractable = statement<{ feed: string }, { id: number }>(`
  SELECT id FROM batches
  WHERE feed = $feed AND state IN ('published', 'compacted') AND mode <> 'compaction'
  ORDER BY id DESC`);
