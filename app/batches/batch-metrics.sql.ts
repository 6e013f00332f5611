import { type NoParams, statement } from "../database/statement.js";
import { selectTotals } from "./totals.sql.js";

/** Counts by label, as {@link readIngest} returns them. */
export interface Ingest {
  readonly loaded: readonly { feed: string; rows: number; rejected: number; bytes: number }[];
  readonly batches: readonly { feed: string; state: string; count: number }[];
  readonly pieces: readonly { state: string; count: number }[];
  readonly attempts: readonly { kind: string; count: number }[];
  readonly published: readonly { feed: string; seconds: number; took: number }[];
  readonly oldest_unfinished: number | null;
}

/**
 * What the database knows of the ingest, in one round trip. Counters are sums over the batches that are kept, which
 * only grow; deliveries are never deleted, only their rows are.
 */
export const readIngest = statement<NoParams, Ingest>(`
  WITH totals AS MATERIALIZED (${selectTotals})
  SELECT
    (SELECT coalesce(json_agg(json_build_object('feed', feed, 'rows', rows, 'rejected', rejected, 'bytes', bytes)), '[]')
     FROM (SELECT feed, coalesce(sum(loaded_rows), 0) AS rows, coalesce(sum(rejected_rows), 0) AS rejected,
                  coalesce(sum(loaded_bytes), 0) AS bytes
           FROM totals GROUP BY feed) f) AS loaded,
    (SELECT coalesce(json_agg(json_build_object('feed', feed, 'state', state, 'count', count)), '[]')
     FROM (SELECT feed, state, count(*) FROM batches WHERE mode <> 'compaction' GROUP BY feed, state) s) AS batches,
    (SELECT coalesce(json_agg(json_build_object('state', state, 'count', count)), '[]')
     FROM (SELECT p.state, count(*) FROM pieces p JOIN batches b ON b.id = p.batch_id
           WHERE b.state IN ('loading', 'auditing', 'audited') GROUP BY p.state) s) AS pieces,
    (SELECT json_build_array(
       json_build_object('kind', 'first', 'count', coalesce(sum(first_attempts), 0)),
       json_build_object('kind', 'retry', 'count', coalesce(sum(retries), 0)),
       json_build_object('kind', 'takeover', 'count', coalesce(sum(takeovers), 0)))
     FROM totals) AS attempts,
    (SELECT coalesce(json_agg(json_build_object('feed', feed, 'seconds', seconds, 'took', took)), '[]')
     FROM (SELECT DISTINCT ON (feed) feed, extract(epoch FROM clock_timestamp() - published_at) AS seconds,
                  extract(epoch FROM published_at - created_at) AS took
           FROM batches WHERE published_at IS NOT NULL AND mode <> 'compaction'
           ORDER BY feed, published_at DESC) last) AS published,
    (SELECT extract(epoch FROM clock_timestamp() - min(created_at)) FROM batches
     WHERE state IN ('loading', 'auditing', 'audited'))::float8 AS oldest_unfinished`);
