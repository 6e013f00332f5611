import { type NoParams, statement } from "../database/statement.js";

/** Every statement until {@link endSnapshot} sees the same data. */
export const beginSnapshot = statement<NoParams>("BEGIN ISOLATION LEVEL REPEATABLE READ, READ ONLY");
export const endSnapshot = statement<NoParams>("COMMIT");
export const dropSnapshot = statement<NoParams>("ROLLBACK");

/**
 * Parameters: $1 code of the origin, $2 code of the destination, $3 and $4 first and last day.
 *
 * Finds the rows between the ports of the two places, at most `mostRows` and one. A row has the first day of its month,
 * counted from $3; a bit for each day of the month that consumers may see, the first day lowest; and its histograms. If
 * the release before wrote it, it has none, and its counts instead. `day_of_month`, from 0, is the day of the first.
 *
 * The months stand in the SQL as literals, as in {@link findRatesSql}.
 */
export function findHistogramsSql(firstMonth: string, lastMonth: string, mostRows: number): string {
  return `
  SELECT
    date_trunc('month', r.first_day)::date - $3::date AS month_start,
    (SELECT bit_or(1 << (extract(day FROM b.day)::integer - 1)) FROM batch_days b
     WHERE b.batch_id = r.batch_id AND b.visible
       AND b.day >= r.first_day AND b.day < r.first_day + cardinality(r.counts)) AS visible,
    r.histograms,
    CASE WHEN r.histograms IS NULL THEN r.counts::float8[] END AS counts,
    extract(day FROM r.first_day)::integer - 1 AS day_of_month
  FROM places origin
  JOIN places destination ON destination.code = $2
  JOIN place_ports o ON o.place_id = origin.id
  JOIN place_ports d ON d.place_id = destination.id
  JOIN daily_rates r ON r.origin_id = o.port_id AND r.destination_id = d.port_id
  WHERE origin.code = $1
    AND r.first_day >= DATE '${firstMonth}-01'
    AND r.first_day < (DATE '${lastMonth}-01' + interval '1 month')::date
    AND r.first_day <= $4::date
  LIMIT ${mostRows + 1}`;
}
