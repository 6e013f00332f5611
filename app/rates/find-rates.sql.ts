/**
 * $1 code of the origin, $2 code of the destination, $3 and $4 first and last day. Always one row, so that version,
 * places and prices come from one snapshot: the ids are null for an unknown place, the arrays null without prices; else
 * the arrays hold a day (counted from $3), a count and a sum for each batch with prices of that day.
 *
 * `firstMonth` and `lastMonth` (`YYYY-MM`) are those of the first and last day, as literals. Measured at 6 million rows of daily_rates
 * in 36 months (PostgreSQL 17, 31 days, processor time of the server for one question):
 *
 * | statement                                                  | plan    | 36 months | 156 months | locks |
 * | ---------------------------------------------------------- | ------- | --------- | ---------- | ----- |
 * | this, prepared for its month                               | generic | 171 µs    | 149 µs     | 9     |
 * | the same without the literals                              | generic | 187 µs    | 213 µs     | each partition |
 * | the same without the literals                              | custom  | 426 µs    | 413 µs     | 10    |
 * | this, not prepared                                         | custom  | 544 µs    | 538 µs     | 9     |
 * | joined to batch_days, grouped, joined to the places        | custom  | 754 µs    |            | 10    |
 * | grouped by day in the database instead of added up here    | generic | 187 µs    |            | 9     |
 *
 * So most of a question is planning, and a generic plan is what helps; but one for all months locks every partition at
 * each execution, which is past the 16 fast-path locks of a backend and contended between processors. Postgres picks
 * that plan by itself at 36 months. The literals prune when planned: a generic plan of one or two months. The
 * visibility of a row is a sub-select and not a join because it needs no join search and cannot be planned badly.
 */
export function findRatesSql(firstMonth: string, lastMonth: string): string {
  return `
  SELECT
    dataset.version,
    (extract(epoch FROM dataset.changed_at) * 1000)::bigint AS changed_at_ms,
    origin.id,
    destination.id,
    found.days,
    found.counts,
    found.sums
  FROM dataset
  LEFT JOIN places origin ON origin.code = $1
  LEFT JOIN places destination ON destination.code = $2
  LEFT JOIN LATERAL (
    SELECT array_agg(r.day - $3::date) AS days, array_agg(r.count) AS counts, array_agg(r.sum) AS sums
    FROM daily_rates r
    WHERE r.origin_id = origin.id
      AND r.destination_id = destination.id
      AND r.day >= DATE '${firstMonth}-01'
      AND r.day < (DATE '${lastMonth}-01' + interval '1 month')::date
      AND r.day BETWEEN $3::date AND $4::date
      AND (SELECT b.visible FROM batch_days b WHERE b.batch_id = r.batch_id AND b.day = r.day)
  ) found ON true`;
}
