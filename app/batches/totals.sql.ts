/**
 * Totals of the pieces of a batch `b`, by the column that keeps each: summed while pieces can still change, and kept
 * from then on.
 */
const TOTALS = {
  loaded_rows: "coalesce(sum(p.rows) FILTER (WHERE p.state = 'loaded'), 0)",
  // A piece that failed may be sent again while its batch is open.
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
 * For an UPDATE of a batch whose pieces are final: readers take these totals from then on, and no longer sum the
 * pieces.
 */
export const keepTotals = `
  (${columns}) = (SELECT ${sums} FROM batches b JOIN pieces p ON p.batch_id = b.id WHERE b.id = batches.id)`;

/** Rows whose sums are the totals of each feed: what is kept of its batches, and what the others come to so far. */
export const selectTotals = `
  SELECT feed, ${columns} FROM feed_totals
  UNION ALL
  SELECT b.feed, ${sums} FROM batches b JOIN pieces p ON p.batch_id = b.id
  WHERE b.loaded_rows IS NULL AND b.mode <> 'compaction' GROUP BY b.id`;
