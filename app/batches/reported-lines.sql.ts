/**
 * A worker counts lines from the first of its piece; the lines of the pieces before are known once those are read. The
 * pieces of an upload are files of their own.
 * $1 batch, $2 how many, $3 most bytes of each that are wanted.
 */
export const readLines = `
  WITH before AS (
    SELECT number,
           coalesce(sum(lines) OVER earlier, 0) AS lines,
           coalesce(bool_and(lines IS NOT NULL) OVER earlier, true) AS known
    FROM pieces WHERE batch_id = $1
    WINDOW earlier AS (ORDER BY number ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING))
  SELECT b.source, CASE WHEN own.file THEN bad.piece END AS piece,
         CASE WHEN own.file THEN bad.line WHEN before.known THEN before.lines + bad.line END::float8 AS line,
         bad.field, bad.reason, substring(bad.content FROM 1 FOR $3) AS content
  FROM bad_lines bad
  JOIN before ON before.number = bad.piece
  JOIN batches b ON b.id = bad.batch_id
  CROSS JOIN LATERAL (SELECT b.identity LIKE 'upload %' AS file) own
  WHERE bad.batch_id = $1
  ORDER BY bad.piece, bad.line
  LIMIT $2`;

/** $1 batch. */
export const countLines = `
  SELECT reason, sum(count)::float8 AS count FROM bad_line_counts WHERE batch_id = $1 GROUP BY reason ORDER BY 2 DESC, 1`;

/**
 * The next rejected lines as they stood in the file, at least one if there is any. A line may have 1 MiB; the sizes are
 * known without reading them. $1 batch, $2 and $3 piece and line to go on behind, $4 how many, $5 bytes that are enough.
 */
export const readContents = `
  SELECT piece, line, content
  FROM (
    SELECT piece, line::float8, content,
           sum(octet_length(content)) OVER (ORDER BY piece, line) - octet_length(content) AS bytes_before
    FROM (
      SELECT piece, line, content FROM bad_lines
      WHERE batch_id = $1 AND content IS NOT NULL AND (piece, line) > ($2::integer, $3::bigint)
      ORDER BY piece, line
      LIMIT $4) next
  ) measured
  WHERE bytes_before < $5
  ORDER BY piece, line`;

/** $1 batch. */
export const readColumns = "SELECT columns, state FROM batches WHERE id = $1";
