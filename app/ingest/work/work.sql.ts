/**
 * Takes the first piece that nobody works on: waiting, or with a lease that ran out. SKIP LOCKED, so that workers never
 * queue for the same row. Returns no row if there is none at the moment. `doomed`: the batch can no longer succeed.
 * Or one that is ours but that we know nothing of, because the answer to its claim was lost.
 * $1 batch, $2 worker, $3 lease in seconds, $4 most attempts, $5 pieces that we are loading.
 */
export const claimPiece = `
  UPDATE pieces p
  SET state = 'loading', worker = $2, lease_until = clock_timestamp() + make_interval(secs => $3),
      attempts = p.attempts + 1, takeovers = p.takeovers + (p.state = 'loading')::integer, started_at = clock_timestamp()
  FROM batches b
  WHERE b.id = $1 AND b.state = 'loading' AND p.batch_id = $1 AND p.number = (
    SELECT number FROM pieces
    WHERE batch_id = $1 AND attempts < $4
      AND (state = 'waiting' AND coalesce(retry_at <= clock_timestamp(), true)
           OR state = 'loading' AND lease_until < clock_timestamp()
           OR state = 'loading' AND worker = $2 AND number <> ALL ($5::integer[]))
    ORDER BY number
    LIMIT 1
    FOR UPDATE SKIP LOCKED)
  RETURNING p.number, p.from_byte::float8, p.to_byte::float8, p.attempts, b.max_bad_rows,
    (SELECT coalesce(sum(rejected), 0) > b.max_bad_rows OR bool_or(state = 'failed') FROM pieces WHERE batch_id = $1)
      AS doomed`;

/** Gives up on pieces whose last attempt ended without a word, as when the worker was killed. $1 batch, $2 most attempts. */
export const failExhausted = `
  UPDATE pieces SET state = 'failed', lease_until = NULL, error = coalesce(error, 'its workers ended without a word')
  WHERE batch_id = $1 AND attempts >= $2
    AND (state = 'waiting' OR state = 'loading' AND lease_until < clock_timestamp())`;

/** What is left to do. $1 batch. */
export const readWork = `
  SELECT b.state, b.planned, b.failure, b.failed_for_good, b.duplicate_of, b.max_bad_rows,
         b.worker IS NOT NULL AND b.lease_until >= clock_timestamp() AS streaming,
         count(*) FILTER (WHERE p.state IN ('waiting', 'loading'))::integer AS unfinished,
         count(*) FILTER (WHERE p.state = 'failed')::integer AS failed,
         coalesce(sum(p.rows) FILTER (WHERE p.state = 'loaded'), 0)::float8 AS rows,
         coalesce(sum(p.rejected), 0)::float8 AS rejected,
         (SELECT f.number || ' failed ' || f.attempts || CASE f.attempts WHEN 1 THEN ' time: ' ELSE ' times: ' END || f.error
          FROM pieces f WHERE f.batch_id = b.id AND f.state = 'failed' AND f.error IS NOT NULL
          ORDER BY f.number LIMIT 1) AS error
  FROM batches b LEFT JOIN pieces p ON p.batch_id = b.id
  WHERE b.id = $1
  GROUP BY b.id`;

/** Keeps our pieces ours. $1 batch, $2 worker, $3 lease in seconds, $4 pieces that we are loading. */
export const renewPieces = `
  UPDATE pieces SET lease_until = clock_timestamp() + make_interval(secs => $3)
  WHERE batch_id = $1 AND worker = $2 AND state = 'loading' AND number = ANY ($4::integer[])`;

/** Keeps a stream ours. $1 batch, $2 worker, $3 lease in seconds. */
export const renewStream = `
  UPDATE batches SET lease_until = clock_timestamp() + make_interval(secs => $3)
  WHERE id = $1 AND worker = $2 AND state = 'loading' AND NOT planned`;

/** Puts a piece back after an attempt that failed. $1 batch, $2 piece, $3 worker, $4 attempt, $5 wait in seconds, $6 error, $7 most attempts. */
export const putBack = `
  UPDATE pieces
  SET state = CASE WHEN attempts >= $7 THEN 'failed' ELSE 'waiting' END, lease_until = NULL, error = $6,
      retry_at = clock_timestamp() + make_interval(secs => $5)
  WHERE batch_id = $1 AND number = $2 AND worker = $3 AND attempts = $4 AND state = 'loading'`;

/** Gives everything back at once when the worker is asked to stop; this was no failed attempt. $1 batch, $2 worker. */
export const releasePieces = `
  UPDATE pieces SET state = 'waiting', worker = NULL, lease_until = NULL, retry_at = NULL, attempts = attempts - 1
  WHERE batch_id = $1 AND worker = $2 AND state = 'loading'`;

/** $1 batch, $2 worker. */
export const releaseStream = `
  UPDATE batches SET worker = NULL, lease_until = NULL WHERE id = $1 AND worker = $2 AND state = 'loading'`;

/**
 * Becomes the one worker that streams the batch. From that instant on nobody else can finish a piece of it: a worker that
 * was taken for dead, and is not, may have pieces of another body under the same key.
 * $1 batch, $2 worker, $3 lease in seconds, $4 stored bytes or null.
 */
export const claimStream = `
  WITH claimed AS (
    UPDATE batches SET worker = $2, lease_until = clock_timestamp() + make_interval(secs => $3), stored_bytes = $4
    WHERE id = $1 AND state = 'loading' AND NOT planned
      AND (worker IS NULL OR worker = $2 OR lease_until < clock_timestamp())
    RETURNING id
  ), taken AS (
    UPDATE pieces SET worker = NULL FROM claimed WHERE batch_id = id AND state = 'loading')
  SELECT FROM claimed`;

/**
 * Pieces that earlier readings of the stream cut, up to the last one that is done. What lies behind it is cut anew: the
 * stream may be another one by now, in which an old end lies in the middle of a price. $1 batch.
 */
export const listCuts = `
  SELECT number, to_byte::float8, state IN ('loaded', 'failed') AS done, digest FROM pieces
  WHERE batch_id = $1
    AND number <= (SELECT max(number) FROM pieces WHERE batch_id = $1 AND state IN ('loaded', 'failed'))
  ORDER BY number`;

/**
 * A piece just cut from a stream, whether or not an earlier reading left one of this number unfinished: ours now. No row
 * if the stream is not ours any more, or the piece is finished.
 * $1 batch, $2 piece, $3 from, $4 to, $5 worker, $6 lease in seconds, $7 SHA-256 of its lines, $8 stored bytes read.
 */
export const claimCut = `
  WITH held AS (
    SELECT id, max_bad_rows FROM batches WHERE id = $1 AND worker = $5 AND state = 'loading' AND NOT planned FOR SHARE)
  INSERT INTO pieces AS p (batch_id, number, state, from_byte, to_byte, attempts, worker, lease_until, started_at,
    digest, stored_to_byte)
  SELECT id, $2, 'loading', $3, $4, 1, $5, clock_timestamp() + make_interval(secs => $6), clock_timestamp(), $7, $8
  FROM held
  ON CONFLICT (batch_id, number) DO UPDATE
    SET state = 'loading', from_byte = excluded.from_byte, to_byte = excluded.to_byte, digest = excluded.digest,
        stored_to_byte = excluded.stored_to_byte, worker = excluded.worker, lease_until = excluded.lease_until,
        started_at = excluded.started_at, attempts = p.attempts + 1,
        takeovers = p.takeovers + (p.state = 'loading')::integer
    WHERE p.state IN ('waiting', 'loading')
  RETURNING attempts, (SELECT max_bad_rows FROM held) AS max_bad_rows,
    (SELECT coalesce(sum(rejected), 0) > (SELECT max_bad_rows FROM held) OR coalesce(bool_or(state = 'failed'), false)
     FROM pieces WHERE batch_id = $1) AS doomed`;

/** $1 batch, $2 piece, $3 worker. */
export const isFinishedByUs = `
  SELECT b.worker = $3 AND b.state = 'loading' AND p.state IN ('loaded', 'failed') AS ours
  FROM batches b JOIN pieces p ON p.batch_id = b.id WHERE b.id = $1 AND p.number = $2`;

/**
 * The stream has ended: all pieces are known. An earlier reading may have cut more of another stream, and finished none
 * of those. $1 batch, $2 worker, $3 bytes, $4 pieces.
 */
export const endStream = `
  WITH ended AS (
    UPDATE batches SET planned = true, bytes = $3, worker = NULL, lease_until = NULL
    WHERE id = $1 AND worker = $2 AND state = 'loading' AND NOT planned
    RETURNING id)
  DELETE FROM pieces USING ended WHERE batch_id = id AND number >= $4`;

/** $1 batch, $2 piece, $3 column, $4 reason. */
export const insertHeaderFault = `
  INSERT INTO bad_lines (batch_id, piece, line, field, reason)
  SELECT batch_id, number, 1, $3, $4 FROM pieces WHERE batch_id = $1 AND number = $2
  ON CONFLICT DO NOTHING`;

/** $1 batch, $2 header or null. */
export const setColumns = "UPDATE batches SET columns = $2 WHERE id = $1 AND columns IS DISTINCT FROM $2";

/** Pipes, which no other process has, whose worker has not been heard of for long. $1 how their identity begins. */
export const listAbandoned = `
  SELECT id FROM batches
  WHERE state = 'loading' AND NOT planned AND starts_with(identity, $1)
    AND coalesce(lease_until, created_at) < clock_timestamp() - interval '5 minutes'`;
