import { type NoParams, statement } from "../../database/statement.js";

/**
 * One row that is another one once a batch of any feed has begun, ended, or been published or retracted. It also says
 * whether one is being made. Nothing else is asked while nothing happens.
 */
export const readState = statement<NoParams, { state: string; unfinished: boolean }>(`
  SELECT md5(concat_ws(' ', (SELECT version FROM dataset),
                       (SELECT string_agg(feed || ' ' || state || ' ' || batches, ',' ORDER BY feed, state)
                        FROM feed_states))) AS state,
         EXISTS (SELECT FROM batches WHERE state IN ('loading', 'auditing', 'audited')) AS unfinished`);

interface Newest {
  readonly feeds: readonly string[];
  /** How many batches of each feed count. */
  readonly limit: number;
}

/**
 * For each feed that has any batch, a text that is another one once one of its newest batches has begun, changed its
 * state or ended. It takes the index of a feed's batches, so older batches are not looked at.
 */
export const readMarks = statement<Newest, { feed: string; mark: string; unfinished: boolean }>(`
  SELECT feed, string_agg(concat_ws(' ', id, state, published_at), ',' ORDER BY id) AS mark,
         bool_or(state IN ('loading', 'auditing', 'audited')) AS unfinished
  FROM unnest($feeds::text[]) AS known (name)
  CROSS JOIN LATERAL (
    SELECT feed, id, state, published_at FROM batches
    WHERE feed = known.name AND mode <> 'compaction'
    ORDER BY (-id) LIMIT $limit
  ) newest
  GROUP BY feed`);

/** Batches of a feed that a retract hides, newest first. */
export const selectRetractable = statement<{ feed: string }, { id: number }>(`
  SELECT id FROM batches
  WHERE feed = $feed AND state IN ('published', 'compacted') AND mode <> 'compaction'
  ORDER BY id DESC`);
