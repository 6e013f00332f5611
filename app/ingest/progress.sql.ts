/**
 * The speed is that of the pieces which ended in the last minute, from the start of the first of them: a batch that
 * was left alone for a night goes on at the speed it has now. $1 batch.
 */
export const readProgressOf = `
  SELECT b.state,
         count(p.number)::integer AS pieces,
         count(*) FILTER (WHERE p.state = 'loaded')::integer AS "piecesLoaded",
         count(*) FILTER (WHERE p.state = 'failed')::integer AS "piecesFailed",
         coalesce(sum(p.rows) FILTER (WHERE p.state = 'loaded'), 0)::float8 AS rows,
         coalesce(sum(p.rejected), 0)::float8 AS rejected,
         CASE WHEN b.planned THEN b.bytes END::float8 AS bytes,
         coalesce(sum(p.to_byte - p.from_byte) FILTER (WHERE p.state IN ('loaded', 'failed')), 0)::float8 AS "bytesDone",
         coalesce(sum(p.rows) FILTER (WHERE recent) / max(elapsed), 0)::float8 AS "rowsPerSecond",
         coalesce(sum(p.to_byte - p.from_byte) FILTER (WHERE recent) / max(elapsed), 0)::float8 AS "bytesPerSecond",
         extract(epoch FROM b.deadline_at - clock_timestamp())::float8 AS "secondsToDeadline"
  FROM batches b
  LEFT JOIN (
    SELECT *, extract(epoch FROM clock_timestamp() - min(started_at) FILTER (WHERE recent) OVER ()) AS elapsed
    FROM (SELECT *, coalesce(loaded_at > clock_timestamp() - interval '1 minute', false) AS recent
          FROM pieces WHERE batch_id = $1) known
  ) p ON true
  WHERE b.id = $1
  GROUP BY b.id`;
