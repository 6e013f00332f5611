import { type NoParams, statement } from "../database/statement.js";
import { selectTotals } from "./totals.sql.js";

/** Figures of the ingest, as {@link readIngest} returns them. Ages and durations are in seconds. */
export interface Ingest {
  readonly loaded: readonly { feed: string; rows: number; rejected: number; bytes: number }[];
  readonly batches: readonly { feed: string; state: string; count: number }[];
  readonly pieces: readonly { state: string; count: number }[];
  readonly attempts: readonly { kind: string; count: number }[];
  readonly published: readonly { feed: string; seconds: number; took: number }[];
  readonly oldest_unfinished: number | null;
}

/**
 * Figures of all batches, in one round trip. The totals of finished batches are kept by feed, so this statement sums
 * only the pieces of batches that are not finished.
 */
export const readIngest = statement<NoParams, Ingest>(`
  WITH totals AS MATERIALIZED (${selectTotals})
  SELECT
    (SELECT coalesce(json_agg(json_build_object('feed', feed, 'rows', rows, 'rejected', rejected, 'bytes', bytes)), '[]')
     FROM (SELECT feed, coalesce(sum(loaded_rows), 0) AS rows, coalesce(sum(rejected_rows), 0) AS rejected,
                  coalesce(sum(loaded_bytes), 0) AS bytes
           FROM totals GROUP BY feed) f) AS loaded,
    (SELECT coalesce(json_agg(json_build_object('feed', feed, 'state', state, 'count', count)), '[]')
     FROM (SELECT feed, state, batches AS count FROM feed_states WHERE batches > 0
           UNION ALL
           SELECT feed, state, count(*) FROM batches
           WHERE state IN ('loading', 'auditing', 'audited') GROUP BY feed, state) s) AS batches,
    (SELECT coalesce(json_agg(json_build_object('state', state, 'count', count)), '[]')
     FROM (SELECT p.state, count(*) FROM pieces p JOIN batches b ON b.id = p.batch_id
           WHERE b.state IN ('loading', 'auditing', 'audited') GROUP BY p.state) s) AS pieces,
    (SELECT json_build_array(
       json_build_object('kind', 'first', 'count', coalesce(sum(first_attempts), 0)),
       json_build_object('kind', 'retry', 'count', coalesce(sum(retries), 0)),
       json_build_object('kind', 'takeover', 'count', coalesce(sum(takeovers), 0)))
     FROM totals) AS attempts,
    (SELECT coalesce(json_agg(json_build_object('feed', feed, 'seconds', seconds, 'took', took)), '[]')
     FROM (SELECT b.feed, extract(epoch FROM clock_timestamp() - b.published_at) AS seconds,
                  extract(epoch FROM b.published_at - b.created_at) AS took
           FROM feed_totals f JOIN batches b ON b.id = f.last_published) last) AS published,
    (SELECT extract(epoch FROM clock_timestamp() - min(created_at)) FROM batches
     WHERE state IN ('loading', 'auditing', 'audited'))::float8 AS oldest_unfinished`);
