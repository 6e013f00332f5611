import { newestChange } from "./dataset-version.sql.js";

/**
 * $1 code of the origin, $2 code of the destination, $3 and $4 first and last day. At least one row, and all from one
 * snapshot: version, newest change of the months (its version and instant, milliseconds since 1970) and places in each,
 * the ids null for an unknown place. Further a run of days of a batch: its first one counted from $3, a bit for each of
 * its days that consumers may see, counts and sums; null without prices.
 *
 * `firstMonth` and `lastMonth` (`YYYY-MM`) are those of the first and last day, as literals: most of a question is
 * planning, and a generic plan is what helps; but one for all months locks every partition at each execution, which is
 * past the 16 fast-path locks of a backend and contended between processors, and Postgres picks that plan by itself at
 * 36 months. The literals prune when planned: a generic plan of one or two months, in 40 % of the server's time for a
 * month that is planned each time (PostgreSQL 17).
 *
 * What may be seen is a sub-select and not a join because it needs no join search and cannot be planned badly.
 */
export function findRatesSql(firstMonth: string, lastMonth: string): string {
  return `
  SELECT
    dataset.version,
    ${newestChange(`DATE '${firstMonth}-01'`, `DATE '${lastMonth}-01'`)} AS newest,
    origin.id,
    destination.id,
    r.first_day - $3::date AS first,
    (SELECT bit_or(1 << (b.day - r.first_day)) FROM batch_days b
     WHERE b.batch_id = r.batch_id AND b.visible
       AND b.day >= r.first_day AND b.day < r.first_day + cardinality(r.counts)) AS visible,
    r.counts,
    r.sums
  FROM dataset
  LEFT JOIN places origin ON origin.code = $1
  LEFT JOIN places destination ON destination.code = $2
  LEFT JOIN daily_rates r
    ON r.origin_id = origin.id
   AND r.destination_id = destination.id
   AND r.first_day >= DATE '${firstMonth}-01'
   AND r.first_day < (DATE '${lastMonth}-01' + interval '1 month')::date
   AND r.first_day <= $4::date`;
}
