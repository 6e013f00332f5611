/** $1 feed, $2 source, $3 identity, $4 mode, $5 max_bad_rows, $6 seconds to the deadline or null. */
export const insertUpload = `
  INSERT INTO batches (feed, source, identity, mode, state, max_bad_rows, deadline_at)
  VALUES ($1, $2, $3, $4, 'loading', $5, now() + make_interval(secs => $6))
  ON CONFLICT (feed, identity) DO NOTHING
  RETURNING id`;

/**
 * $1 feed, $2 identity, then what is wanted of it: $3 source, $4 mode, $5 max_bad_rows, $6 seconds to the deadline or
 * null; $7 the key. `differs` names the first that it was not opened with.
 */
export const findUpload = `
  SELECT id,
         CASE WHEN identity <> $2 THEN 'way of sending (in pieces, or as one body)'
              WHEN source <> $3 THEN 'source'
              WHEN mode <> $4 THEN 'mode'
              WHEN max_bad_rows <> $5 THEN 'max_bad_rows'
              WHEN deadline_at - created_at IS DISTINCT FROM make_interval(secs => $6) THEN 'deadline_seconds'
         END AS differs
  FROM batches WHERE feed = $1 AND identity IN ('upload ' || $7::text, 'stream ' || $7::text)
  ORDER BY identity <> $2 LIMIT 1`;

/**
 * Takes a piece of an open upload for this request, also from a request that has not finished: that one may hang on a
 * connection that is long gone, and finds at its commit that the piece is no longer its own. No row if the batch takes
 * no pieces, or this one is loaded. $1 batch, $2 piece, $3 worker.
 */
export const claimUploaded = `
  INSERT INTO pieces AS p (batch_id, number, state, from_byte, attempts, worker, started_at)
  SELECT id, $2, 'loading', 0, 1, $3, clock_timestamp()
  FROM (SELECT id FROM batches
        WHERE id = $1 AND state = 'loading' AND NOT planned AND identity LIKE 'upload %' FOR SHARE) held
  ON CONFLICT (batch_id, number) DO UPDATE
    SET state = 'loading', worker = excluded.worker, attempts = p.attempts + 1, started_at = excluded.started_at,
        to_byte = NULL, rejected = NULL, digest = NULL, error = NULL
    WHERE p.state <> 'loaded'
  RETURNING attempts`;

/** What is bad in an earlier version of the piece. $1 batch, $2 piece. */
export const forgetBadLines = "DELETE FROM bad_lines WHERE batch_id = $1 AND piece = $2";
export const forgetBadLineCounts = "DELETE FROM bad_line_counts WHERE batch_id = $1 AND piece = $2";

/** $1 batch, $2 piece. */
export const showUploaded = `
  SELECT b.state, b.planned, b.max_bad_rows, b.identity LIKE 'upload %' AS upload,
         p.state AS piece_state, p.digest
  FROM batches b LEFT JOIN pieces p ON p.batch_id = b.id AND p.number = $2
  WHERE b.id = $1`;

/** Written when the last byte is there and before the commit, so that a loaded piece always has it. */
export const setDigest = `
  UPDATE pieces SET digest = $5 WHERE batch_id = $1 AND number = $2 AND worker = $3 AND attempts = $4`;

/** $1 batch, $2 piece, $3 worker, $4 attempt. */
export const dropUploaded = `
  UPDATE pieces SET state = 'waiting', worker = NULL
  WHERE batch_id = $1 AND number = $2 AND worker = $3 AND attempts = $4 AND state = 'loading'`;

/** Before the check: no piece is claimed between that and the closing. $1 batch. */
export const lockUpload = "SELECT FROM batches WHERE id = $1 FOR UPDATE";

/** What stands in the way of publishing upload $1. */
export const checkUpload = `
  SELECT b.state, b.planned, b.max_bad_rows, b.identity ~ '^(upload|stream) ' AS sent, count(p.number)::integer AS pieces,
         array_agg(p.number ORDER BY p.number) FILTER (WHERE p.state IN ('waiting', 'loading')) AS unfinished,
         coalesce(bool_or(p.state = 'failed'), false) AS failed,
         coalesce(sum(p.rejected), 0)::float8 AS rejected, coalesce(sum(p.rows), 0)::float8 AS rows
  FROM batches b LEFT JOIN pieces p ON p.batch_id = b.id
  WHERE b.id = $1
  GROUP BY b.id`;

/** No more pieces. $1 batch. A stream is closed when it ends. */
export const closeUpload = `
  UPDATE batches b
  SET planned = true, bytes = (SELECT sum(to_byte - from_byte) FROM pieces WHERE batch_id = b.id)
  WHERE id = $1 AND state = 'loading' AND NOT planned AND identity LIKE 'upload %'`;

/**
 * Uploads whose publish was asked for, as nothing else closes one that comes in pieces or lets any be audited, and that
 * nobody is at: whoever audits holds the lock of a part.
 */
export const listUnpublished = `
  WITH asked AS (
    SELECT id FROM batches
    WHERE state IN ('auditing', 'audited') AND identity ~ '^(upload|stream) '
       OR state = 'loading' AND planned AND identity LIKE 'upload %'
  ), unclaimed AS (
    SELECT batch_id FROM audit_parts
    WHERE NOT done AND batch_id IN (SELECT id FROM asked) FOR UPDATE SKIP LOCKED
  )
  SELECT id FROM asked
  WHERE (SELECT count(*) FROM unclaimed WHERE batch_id = id)
      = (SELECT count(*) FROM audit_parts WHERE batch_id = id AND NOT done)
  ORDER BY id`;

/** Uploads that nobody went on with for $1 hours. */
export const listAbandoned = `
  SELECT b.id
  FROM batches b
  WHERE b.state = 'loading' AND b.identity ~ '^(upload|stream) '
    AND greatest(b.created_at, (SELECT max(p.started_at) FROM pieces p WHERE p.batch_id = b.id))
        < clock_timestamp() - make_interval(hours => $1::integer)`;
