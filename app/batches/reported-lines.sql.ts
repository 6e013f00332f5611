import { statement } from "../database/statement.js";
import type { BatchState } from "./batch-state.js";

/**
 * A worker counts lines from the first of its piece; the lines of the pieces before are known once those are read. The
 * pieces of an upload are files of their own.
 * `limit` lines, and of each at most so many `bytes`.
 */
export const readLines = statement<
  { batchId: number; limit: number; bytes: number },
  {
    source: string;
    piece: number | null;
    line: number | null;
    field: string | null;
    reason: string;
    content: Buffer | null;
  }
>(`
  WITH before AS (
    SELECT number,
           coalesce(sum(lines) OVER earlier, 0) AS lines,
           coalesce(bool_and(lines IS NOT NULL) OVER earlier, true) AS known
    FROM pieces WHERE batch_id = $batchId
    WINDOW earlier AS (ORDER BY number ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING))
  SELECT b.source, CASE WHEN b.channel = 'upload' THEN bad.piece END AS piece,
         CASE WHEN b.channel = 'upload' THEN bad.line WHEN before.known THEN before.lines + bad.line END::float8 AS line,
         bad.field, bad.reason, substring(bad.content FROM 1 FOR $bytes) AS content
  FROM bad_lines bad
  JOIN before ON before.number = bad.piece
  JOIN batches b ON b.id = bad.batch_id
  WHERE bad.batch_id = $batchId
  ORDER BY bad.piece, bad.line
  LIMIT $limit`);

/** All bad lines by reason, the most frequent first; also those of which no text is kept. */
export const countLines = statement<{ batchId: number }, { reason: string; count: number }>(`
  SELECT reason, sum(count)::float8 AS count FROM bad_line_counts
  WHERE batch_id = $batchId GROUP BY reason ORDER BY 2 DESC, 1`);

/**
 * The next rejected lines as they stood in the file, at least one if there is any. A line may have 1 MiB; the sizes are
 * known without reading them. Starts after `piece` and `line`, and stops after about `bytes`.
 */
export const readContents = statement<
  { batchId: number; piece: number; line: number; limit: number; bytes: number },
  { piece: number; line: number; content: Buffer }
>(`
  SELECT piece, line, content
  FROM (
    SELECT piece, line::float8, content,
           sum(octet_length(content)) OVER (ORDER BY piece, line) - octet_length(content) AS bytes_before
    FROM (
      SELECT piece, line, content FROM bad_lines
      WHERE batch_id = $batchId AND content IS NOT NULL AND (piece, line) > ($piece::integer, $line::bigint)
      ORDER BY piece, line
      LIMIT $limit) next
  ) measured
  WHERE bytes_before < $bytes
  ORDER BY piece, line`);

/** The CSV header, for the file of rejected lines; null for NDJSON. */
export const readColumns = statement<{ batchId: number }, { columns: string | null; state: BatchState }>(
  "SELECT columns, state FROM batches WHERE id = $batchId",
);
