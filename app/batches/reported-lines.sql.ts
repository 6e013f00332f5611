import { statement } from "../database/statement.js";
import type { BatchState } from "./batch-state.js";

/**
 * The first `limit` bad lines of a batch, in the order of the delivery, each with at most `bytes` bytes of its text. A
 * worker counts lines from the first line of its piece, so the line number in the delivery is known only once all
 * pieces before are read. Each piece of an upload is a file of its own, with its own line numbers.
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

/** How many lines are bad for which reason, the most frequent first. Lines whose text was not kept are counted too. */
export const countLines = statement<{ batchId: number }, { reason: string; count: number }>(`
  SELECT reason, sum(count)::float8 AS count FROM bad_line_counts
  WHERE batch_id = $batchId GROUP BY reason ORDER BY 2 DESC, 1`);

/**
 * The next rejected lines after `piece` and `line`, as they stood in the delivery, until they have about `bytes` bytes
 * together. At least one line, if there is any. A line may have 1 MiB, so the sizes are added up before the texts are
 * read.
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

/** The header that a file of rejected lines begins with; null for NDJSON. */
export const readColumns = statement<{ batchId: number }, { columns: string | null; state: BatchState }>(
  "SELECT columns, state FROM batches WHERE id = $batchId",
);
