/**
 * Totals of the pieces of a batch `b`, by the column of `batches` that keeps each total. While pieces can still change,
 * readers sum the pieces; afterwards they read the column.
 */
const TOTALS = {
  loaded_rows: "coalesce(sum(p.rows) FILTER (WHERE p.state = 'loaded'), 0)",
  // A client may send a failed piece again while the batch is open, so its rejected lines do not count yet.
  rejected_rows: "coalesce(sum(p.rejected) FILTER (WHERE p.state = 'loaded' OR b.state <> 'loading'), 0)",
  loaded_bytes: "coalesce(sum(p.to_byte - p.from_byte) FILTER (WHERE p.state = 'loaded'), 0)",
  first_attempts: "count(*) FILTER (WHERE p.attempts + p.takeovers > 0)",
  retries: "coalesce(sum(greatest(0, p.attempts - 1 - p.takeovers)), 0)",
  takeovers: "coalesce(sum(p.takeovers), 0)",
};

const columns = Object.keys(TOTALS).join(", ");
const sums = Object.entries(TOTALS)
  .map(([column, sum]) => `${sum} AS ${column}`)
  .join(", ");

/**
 * Part of an UPDATE of a batch whose pieces are final: keeps the totals in the row of the batch. From then on readers
 * no longer sum the pieces.
 */
export const keepTotals = `
  (${columns}) = (SELECT ${sums} FROM batches b JOIN pieces p ON p.batch_id = b.id WHERE b.id = batches.id)`;

/**
 * Rows whose sums by feed are the totals of the feeds: the kept totals of finished batches, and the totals so far of
 * all other batches.
 */
export const selectTotals = `
  SELECT feed, ${columns} FROM feed_totals
  UNION ALL
  SELECT b.feed, ${sums} FROM batches b JOIN pieces p ON p.batch_id = b.id
  WHERE b.loaded_rows IS NULL AND b.mode <> 'compaction' GROUP BY b.id`;
