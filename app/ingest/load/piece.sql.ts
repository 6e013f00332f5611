import { type NoParams, statement } from "../../database/statement.js";

/** Binary, because the parser has numbers anyway; see {@link Rows} for the layout. */
export const copyPrices = (table: "prices" | "prices_aside") =>
  `COPY ${table} (origin_id, destination_id, day, price, batch_id, piece) FROM STDIN WITH (FORMAT binary)`;

/**
 * A worker whose machine lost power says nothing. The server must find out within half a minute, or what its
 * transaction holds is held for two hours.
 */
export const beginPiece = statement(`
  BEGIN;
  SET LOCAL tcp_keepalives_idle = 10;
  SET LOCAL tcp_keepalives_interval = 5;
  SET LOCAL tcp_keepalives_count = 3;
  SET LOCAL tcp_user_timeout = 30000`);

/** From here on the row of the piece is locked; until here a slow source may take its time. */
export const limitIdleness = statement("SET LOCAL idle_in_transaction_session_timeout = '30s'");

/** The two ends of the transaction that {@link beginPiece} began. */
export const commitPiece = statement("COMMIT");
export const rollBackPiece = statement("ROLLBACK");

/**
 * First days of months, and the piece that has prices of them or nulls. In a transaction of its own, see {@link
 * ensureMonths}.
 */
export const holdMonths = statement<
  { months: readonly string[]; batchId: number | null; number: number | null },
  { held: boolean }
>("SELECT hold_months($months, $batchId, $number) AS held");

/** Puts the bad lines that this transaction has laid aside where they belong. */
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

/** Bad lines of a piece, as arrays of the same length. */
export const insertBadLines = insertInto("bad_lines");
/** The same, out of memory until the piece is loaded; see {@link moveBadLines}. */
export const layBadLinesAside = insertInto("bad_lines_aside");

/** How many lines of a piece are bad for which reason, as arrays of the same length. */
export const insertBadLineCounts = statement<{
  batchId: number;
  number: number;
  reasons: readonly string[];
  counts: readonly number[];
}>(`
  INSERT INTO bad_line_counts (batch_id, piece, reason, count)
  SELECT $batchId, $number, reason, count FROM unnest($reasons::text[], $counts::bigint[]) AS bad (reason, count)`);

/**
 * Shared between the pieces of a batch, but not with what ends it: once a batch is set to failed, no piece can commit
 * rows that would never be deleted. No row if the batch is over.
 */
export const holdBatch = statement<{ batchId: number }>(
  "SELECT FROM batches WHERE id = $batchId AND state = 'loading' FOR SHARE",
);

/**
 * The fence: a worker that was taken for dead, and whose piece another one has, updates nothing and rolls back.
 * `digest` is that of bytes which were not known before; null keeps the one that is there.
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

/** Every port, for looking up codes. */
export const listPortIds = statement<NoParams, { id: number; code: string }>(
  "SELECT id, code FROM places WHERE kind = 'port'",
);
