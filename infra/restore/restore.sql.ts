/** What a database holds. One row of JSON; see {@link import("./facts.js").Facts}. It reads every price. */
export const FACTS = `
  SELECT json_build_object(
    'schema', (SELECT max(number) FROM schema_migrations),
    'version', (SELECT version FROM dataset),
    'changedAt', (SELECT changed_at FROM dataset),
    'unfinished', (SELECT count(*) FROM batches WHERE state IN ('loading', 'auditing', 'audited')),
    'newest', (
      SELECT json_build_object('id', id, 'feed', feed, 'publishedAt', published_at)
      FROM batches WHERE state = 'published' AND mode <> 'compaction'
      ORDER BY published_at DESC, id DESC LIMIT 1),
    'months', (
      SELECT coalesce(json_object_agg(month, json_build_object('prices', prices, 'visible', visible)), '{}')
      FROM (SELECT to_char(day, 'YYYY-MM') AS month, count(*) AS prices FROM prices GROUP BY 1) AS stored
      FULL JOIN (
        SELECT to_char(day, 'YYYY-MM') AS month, sum(prices) AS visible FROM batch_days WHERE visible GROUP BY 1
      ) AS seen USING (month)))`;

/** When a batch was planned; null if there is no such batch. */
export const planned = (batch: number): string => `SELECT to_json(created_at) FROM batches WHERE id = ${batch}`;

/**
 * Commits a transaction. A restore to a moment ends at the first commit after it, so without one it would fail if
 * nothing was written since.
 */
export const COMMIT = "SELECT pg_current_xact_id()";

/** Ends the current WAL file, and returns its name. */
export const SWITCH_WAL = "SELECT pg_walfile_name(pg_switch_wal())";

/** True when a WAL file, and so all before it, is in the archive. */
export const archived = (wal: string): string =>
  `SELECT coalesce(last_archived_wal >= '${wal}', false) FROM pg_stat_archiver`;

const WRITERS = "rolname ~ '^ratesapp_(owner|ingest)_[ab]$'";

const alterWriters = (change: string, then = "") => `
  DO $$
  DECLARE
    name text;
  BEGIN
    FOR name IN SELECT rolname FROM pg_roles WHERE ${WRITERS} LOOP
      EXECUTE format('ALTER ROLE %I ${change}', name);
    END LOOP;
    ${then}
  END
  $$`;

/**
 * From now on, programs read this database and cannot write to it: what they wrote would be lost with it. They wait, as
 * for a standby, until their pods use the other database.
 */
export const REFUSE_WRITES = alterWriters(
  "SET default_transaction_read_only = on",
  `PERFORM pg_terminate_backend(pid) FROM pg_stat_activity JOIN pg_roles ON rolname = usename WHERE ${WRITERS};`,
);

export const TAKE_WRITES = alterWriters("RESET default_transaction_read_only");
