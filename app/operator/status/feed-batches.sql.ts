import { type NoParams, statement } from "../../database/statement.js";

/**
 * One row that changes when a batch of any feed begins, ends, or is published or retracted. It also says whether one is
 * unfinished. As long as nothing happens, the operator reads nothing else.
 */
export const readState = statement<NoParams, { state: string; unfinished: boolean }>(`
  SELECT md5(concat_ws(' ', (SELECT version FROM dataset),
                       (SELECT string_agg(feed || ' ' || state || ' ' || batches, ',' ORDER BY feed, state)
                        FROM feed_states))) AS state,
         EXISTS (SELECT FROM batches WHERE state IN ('loading', 'auditing', 'audited')) AS unfinished`);

interface Newest {
  readonly feeds: readonly string[];
  /** Number of the newest batches of each feed that are read. */
  readonly limit: number;
}

/**
 * For each feed that has a batch, a text that changes when one of its newest batches begins, changes its state or ends.
 * It is read by the index of a feed's batches, so that older batches cost nothing.
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
