/** The database's clock, as text, so that no digit is lost on the way through a Date. */
export const readClock = "SELECT clock_timestamp()::text AS now";

/**
 * $1 feed, $2 source, $3 identity, $4 mode, $5 planned, $6 bytes, $7 max_bad_rows, $8 seconds to the deadline or null.
 * Waits for whoever plans the same delivery at this moment, then returns no row.
 */
export const insertBatch = `
  INSERT INTO batches (feed, source, identity, mode, state, planned, bytes, max_bad_rows, deadline_at)
  VALUES ($1, $2, $3, $4, 'loading', $5, $6, $7, clock_timestamp() + make_interval(secs => $8))
  ON CONFLICT (feed, identity) DO NOTHING
  RETURNING id`;

/** $1 batch, $2 bytes of the source, $3 bytes of a piece. */
export const insertPieces = `
  INSERT INTO pieces (batch_id, number, from_byte, to_byte)
  SELECT $1, number, number * $3::bigint, least((number + 1) * $3::bigint, $2::bigint)
  FROM generate_series(0, greatest(ceil($2::bigint / $3::numeric), 1) - 1) AS number`;

/** $1 feed, $2 identity, $3 when this run began. */
export const findBatch = `
  SELECT id, state, planned,
         coalesce(failed_at, published_at, retracted_at) < $3::timestamptz AS ended_before
  FROM batches WHERE feed = $1 AND identity = $2`;

/**
 * Lets a failed delivery be planned once more: the old batch stays, for the record, under another identity. $1 batch.
 */
export const freeIdentity = `
  UPDATE batches SET identity = identity || ' (failed as batch ' || id || ')'
  WHERE id = $1 AND state = 'failed' AND identity NOT LIKE '% (failed as batch ' || id || ')'`;

/** What batch $1 was made of, and the batch that was made of the same since it was laid aside. */
export const findDelivery = `
  SELECT b.state, b.source, b.identity ~ '^(upload|stream) ' AS sent, starts_with(b.identity, 'pipe ') AS gone,
         later.id AS later, later.state AS later_state
  FROM batches b
  LEFT JOIN batches later ON later.feed = b.feed AND later.id > b.id
    AND b.identity = later.identity || ' (failed as batch ' || b.id || ')'
  WHERE b.id = $1`;
