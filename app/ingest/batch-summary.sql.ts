/**
 * Batches with how far they are. The speed is that of the pieces which ended in the last minute, from the start of the
 * first of them; the estimate goes by bytes, because rows are known only at the end.
 * $1 batch or null for all, $2 only those with a lower number (a cursor) or null, $3 how many, $4 feed or null, $5 state
 * or null. Compactions are no deliveries and are only shown when asked for by number.
 */
export const readSummaries = `
  SELECT b.id, b.feed, b.source, b.mode, b.state, b.failure, b.failed_for_good, b.duplicate_of, b.checksum, b.max_bad_rows,
         b.created_at, b.audited_at, b.published_at, b.retracted_at, b.failed_at, b.deadline_at, clock_timestamp() AS read_at,
         p.pieces, p.pieces_loaded, p.pieces_failed, p.rows, p.rejected, p.bytes_loaded,
         CASE WHEN b.planned THEN coalesce(b.bytes, p.bytes_loaded) END AS bytes,
         CASE WHEN b.planned AND p.pieces_loaded = p.pieces THEN p.rows END AS rows_expected,
         CASE WHEN b.state = 'loading' THEN p.rows_per_second END AS rows_per_second,
         CASE WHEN b.state = 'loading' AND b.planned AND p.bytes_per_second > 0
              THEN clock_timestamp() + make_interval(secs => greatest(0, b.bytes - p.bytes_loaded) / p.bytes_per_second)
         END AS estimated_end
  FROM (
    SELECT * FROM batches
    WHERE ($1::integer IS NULL AND mode <> 'compaction' OR id = $1)
      AND ($2::integer IS NULL OR id < $2)
      AND ($4::text IS NULL OR feed = $4)
      AND ($5::text IS NULL OR state = $5)
    ORDER BY id DESC
    LIMIT $3
  ) b
  CROSS JOIN LATERAL (
    SELECT count(*)::integer AS pieces,
           count(*) FILTER (WHERE state = 'loaded')::integer AS pieces_loaded,
           count(*) FILTER (WHERE state = 'failed')::integer AS pieces_failed,
           coalesce(sum(rows) FILTER (WHERE state = 'loaded'), 0)::float8 AS rows,
           coalesce(sum(rejected), 0)::float8 AS rejected,
           coalesce(sum(to_byte - from_byte) FILTER (WHERE state = 'loaded'), 0)::float8 AS bytes_loaded,
           (sum(rows) FILTER (WHERE recent) / max(elapsed))::float8 AS rows_per_second,
           (sum(to_byte - from_byte) FILTER (WHERE recent) / max(elapsed))::float8 AS bytes_per_second
    FROM (
      SELECT *, nullif(extract(epoch FROM clock_timestamp() - min(started_at) FILTER (WHERE recent) OVER ()), 0) AS elapsed
      FROM (
        SELECT *, state = 'loaded' AND loaded_at > clock_timestamp() - interval '1 minute' AS recent
        FROM pieces WHERE batch_id = b.id
      ) known
    ) piece
  ) p
  ORDER BY b.id DESC`;
