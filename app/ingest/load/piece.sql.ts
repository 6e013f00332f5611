/** Binary, because the parser has numbers anyway; see {@link Rows} for the layout. */
export const copyPrices = (table: "prices" | "prices_aside") =>
  `COPY ${table} (origin_id, destination_id, day, price, batch_id, piece) FROM STDIN WITH (FORMAT binary)`;

/**
 * A worker whose machine lost power says nothing. The server must find out within half a minute, or what its
 * transaction holds is held for two hours.
 */
export const beginPiece = `
  BEGIN;
  SET LOCAL tcp_keepalives_idle = 10;
  SET LOCAL tcp_keepalives_interval = 5;
  SET LOCAL tcp_keepalives_count = 3;
  SET LOCAL tcp_user_timeout = 30000`;

/** From here on the row of the piece is locked; until here a slow source may take its time. */
export const limitIdleness = "SET LOCAL idle_in_transaction_session_timeout = '30s'";

/** $1 first days of months, $2 batch and $3 piece or null. On a connection of its own, see {@link ensureMonths}. */
export const holdMonths = "SELECT hold_months($1, $2, $3) AS held";

/** Puts the bad lines that this transaction has laid aside where they belong. $1 batch, $2 piece. */
export const moveBadLines = `
  WITH moved AS (
    DELETE FROM bad_lines_aside WHERE batch_id = $1 AND piece = $2
    RETURNING batch_id, piece, line, field, reason, content
  )
  INSERT INTO bad_lines (batch_id, piece, line, field, reason, content) TABLE moved`;

/** $1 batch, $2 piece, then arrays of the same length: $3 lines, $4 columns, $5 reasons, $6 contents. */
export const insertBadLines = (table: "bad_lines" | "bad_lines_aside") => `
  INSERT INTO ${table} (batch_id, piece, line, field, reason, content)
  SELECT $1, $2, line, field, reason, content
  FROM unnest($3::bigint[], $4::text[], $5::text[], $6::bytea[]) AS bad (line, field, reason, content)`;

/** $1 batch, $2 piece, $3 reasons, $4 how many lines of each. */
export const insertBadLineCounts = `
  INSERT INTO bad_line_counts (batch_id, piece, reason, count)
  SELECT $1, $2, reason, count FROM unnest($3::text[], $4::bigint[]) AS bad (reason, count)`;

/**
 * $1 batch. Shared between the pieces of a batch, but not with what ends it: once a batch is set to failed, no piece
 * can commit rows that nobody would ever delete.
 */
export const holdBatch = "SELECT 1 FROM batches WHERE id = $1 AND state = 'loading' FOR SHARE";

/**
 * The fence: a worker that was taken for dead, and whose piece somebody else has, updates nothing and rolls back.
 * $1 batch, $2 piece, $3 worker, $4 attempt, $5 state, $6 rows, $7 rejected, $8 lines, $9 price_sum, $10 checksum,
 * $11 months, $12 bytes.
 */
export const finishPiece = `
  UPDATE pieces
  SET state = $5, rows = $6, rejected = $7, lines = $8, price_sum = $9, checksum = $10, months = $11,
      to_byte = coalesce(to_byte, from_byte + $12), loaded_at = clock_timestamp(), lease_until = NULL, error = NULL
  WHERE batch_id = $1 AND number = $2 AND worker = $3 AND attempts = $4 AND state = 'loading'`;
