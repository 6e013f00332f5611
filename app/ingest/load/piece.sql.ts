import { type NoParams, statement } from "../../database/statement.js";

/**
 * The COPY of prices into a table, in binary form, because the parser has numbers already. {@link Rows} has the layout
 * of a row.
 */
export const copyPrices = (table: "prices" | "prices_aside") =>
  `COPY ${table} (origin_id, destination_id, day, price, batch_id, piece) FROM STDIN WITH (FORMAT binary)`;

/**
 * Begins the transaction of a piece. If the machine of the worker loses power, the server hears nothing of it. With
 * these settings the server finds out within half a minute; without them it would keep the locks of the transaction for
 * two hours.
 */
export const beginPiece = statement(`
  BEGIN;
  SET LOCAL tcp_keepalives_idle = 10;
  SET LOCAL tcp_keepalives_interval = 5;
  SET LOCAL tcp_keepalives_count = 3;
  SET LOCAL tcp_user_timeout = 30000`);

/**
 * Limits how long the transaction may be idle. From here on it locks the row of the piece. Before this, a slow source
 * may take its time.
 */
export const limitIdleness = statement("SET LOCAL idle_in_transaction_session_timeout = '30s'");

/** Ends the transaction that {@link beginPiece} began, and keeps what it wrote. */
export const commitPiece = statement("COMMIT");
/** Ends the transaction that {@link beginPiece} began, and undoes what it wrote. */
export const rollBackPiece = statement("ROLLBACK");

/**
 * Makes the partitions of months (first days), and holds the months for a piece that has prices of them; nulls for no
 * piece. Run this in a transaction of its own, see {@link ensureMonths}.
 */
export const holdMonths = statement<
  { months: readonly string[]; batchId: number | null; number: number | null },
  { held: boolean }
>("SELECT hold_months($months, $batchId, $number) AS held");

/** Moves the bad lines that this transaction has laid aside to `bad_lines`. */
export const moveBadLines = statement<{ batchId: number; number: number }>(`
  WITH moved AS (
    DELETE FROM bad_lines_aside WHERE batch_id = $batchId AND piece = $number
    RETURNING batch_id, piece, line, field, reason, content
  )
  INSERT INTO bad_lines (batch_id, piece, line, field, reason, content) TABLE moved`);

const insertInto = (table: "bad_lines" | "bad_lines_aside") =>
  statement<{
    batchId: number;
    number: number;
    lines: readonly number[];
    columns: readonly (string | null)[];
    reasons: readonly string[];
    contents: readonly Buffer[];
  }>(`
  INSERT INTO ${table} (batch_id, piece, line, field, reason, content)
  SELECT $batchId, $number, line, field, reason, content
  FROM unnest($lines::bigint[], $columns::text[], $reasons::text[], $contents::bytea[])
    AS bad (line, field, reason, content)`);

/** Inserts bad lines of a piece; the arrays have the same length. */
export const insertBadLines = insertInto("bad_lines");
/** Lays bad lines of a piece aside until the piece is loaded; see {@link moveBadLines}. */
export const layBadLinesAside = insertInto("bad_lines_aside");

/** Inserts how many lines of a piece are bad for which reason; the arrays have the same length. */
export const insertBadLineCounts = statement<{
  batchId: number;
  number: number;
  reasons: readonly string[];
  counts: readonly number[];
}>(`
  INSERT INTO bad_line_counts (batch_id, piece, reason, count)
  SELECT $batchId, $number, reason, count FROM unnest($reasons::text[], $counts::bigint[]) AS bad (reason, count)`);

/**
 * Locks the row of a batch that is being loaded. Several pieces may hold this lock at the same time, but a session that
 * ends the batch has to wait for them. So once a batch is set to failed, no piece can commit rows that would never be
 * deleted. No row if the batch has ended.
 */
export const holdBatch = statement<{ batchId: number }>(
  "SELECT FROM batches WHERE id = $batchId AND state = 'loading' FOR SHARE",
);

/**
 * Sets the final state of a piece. This is the fence against a worker that was taken for dead but still runs: if
 * another worker has its piece, it updates no row here, and rolls back. `digest` is that of bytes whose digest was not
 * known before; null keeps the digest that is there.
 */
export const finishPiece = statement<{
  batchId: number;
  number: number;
  worker: string;
  attempt: number;
  state: "loaded" | "failed";
  rows: number;
  rejected: number;
  lines: number;
  priceSum: string;
  checksum: string;
  months: readonly string[];
  bytes: number;
  digest: string | null;
}>(`
  UPDATE pieces
  SET state = $state, rows = $rows, rejected = $rejected, lines = $lines, price_sum = $priceSum, checksum = $checksum,
      months = $months, to_byte = coalesce(to_byte, from_byte + $bytes), digest = coalesce($digest, digest),
      loaded_at = clock_timestamp(), lease_until = NULL, error = NULL
  WHERE batch_id = $batchId AND number = $number AND worker = $worker AND attempts = $attempt AND state = 'loading'`);

/** The ids and codes of all ports. */
export const listPortIds = statement<NoParams, { id: number; code: string }>(
  "SELECT id, code FROM places WHERE kind = 'port'",
);
