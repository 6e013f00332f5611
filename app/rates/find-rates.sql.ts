import { newestChange } from "./dataset-version.sql.js";

/**
 * Parameters: $1 code of the origin, $2 code of the destination, $3 and $4 first and last day.
 *
 * Finds at least one row, and all rows come from one snapshot. Every row has the dataset version, the newest change of
 * the months (version and instant in milliseconds since 1970) and the ids of the two places, null for an unknown place.
 * It also has a run of days of one batch: its first day, counted from $3, a bit for each of its days that consumers may
 * see, counts and sums. These are null if there are no prices.
 *
 * `firstMonth` and `lastMonth` (`YYYY-MM`) are the months of the first and last day, and stand in the SQL as literals.
 * Most of the time of a question goes into planning, so a generic plan helps. But one generic plan for all months would
 * lock every partition at each execution. That is more than the 16 fast-path locks of a backend, so processors would
 * contend for locks; and Postgres chooses such a plan by itself at 36 months. With literals, Postgres prunes partitions
 * when it plans: a generic plan then has one or two months, and takes 40 % of the server time that planning a month
 * each time takes (PostgreSQL 17).
 *
 * Visibility is a sub-select and not a join, because it then needs no join search and cannot be planned badly.
 */
export function findRatesSql(firstMonth: string, lastMonth: string): string {
  return `
  SELECT
    dataset.version,
    ${newestOf(firstMonth, lastMonth)} AS newest,
    origin.id,
    destination.id,
    ${RUN_OF_DAYS}
  FROM dataset
  LEFT JOIN places origin ON origin.code = $1
  LEFT JOIN places destination ON destination.code = $2
  LEFT JOIN daily_rates r
    ON r.origin_id = origin.id
   AND r.destination_id = destination.id
   AND ${inMonths(firstMonth, lastMonth)}`;
}

/**
 * The same for several lanes in one snapshot. Parameters: $1 codes of the origins, $2 codes of the destinations, $3 and
 * $4 first and last day. Each row begins with the number of its lane, from 1; there is at least one row for each.
 *
 * `lane` is MATERIALIZED: otherwise Postgres moves the look-ups of the ids below a Memoize node, which does not repeat
 * them for the next lane, and all lanes have the rates of the first (PostgreSQL 17.10). OFFSET 0 keeps the look-up of
 * rates as it is: an index scan for each lane. Without it, Postgres may take another plan, such as a hash join that
 * reads the whole month.
 */
export function findLanesSql(firstMonth: string, lastMonth: string): string {
  return `
  WITH lane AS MATERIALIZED (
    SELECT number,
      (SELECT id FROM places WHERE code = asked.origin) AS origin_id,
      (SELECT id FROM places WHERE code = asked.destination) AS destination_id
    FROM unnest($1::text[], $2::text[]) WITH ORDINALITY AS asked (origin, destination, number)
  )
  SELECT
    lane.number,
    dataset.version,
    ${newestOf(firstMonth, lastMonth)} AS newest,
    lane.origin_id,
    lane.destination_id,
    run.*
  FROM dataset CROSS JOIN lane
  LEFT JOIN LATERAL (
    SELECT ${RUN_OF_DAYS}
    FROM daily_rates r
    WHERE r.origin_id = lane.origin_id
      AND r.destination_id = lane.destination_id
      AND ${inMonths(firstMonth, lastMonth)}
    OFFSET 0
  ) run ON true`;
}

const RUN_OF_DAYS = `
    r.first_day - $3::date AS first,
    (SELECT bit_or(1 << (b.day - r.first_day)) FROM batch_days b
     WHERE b.batch_id = r.batch_id AND b.visible
       AND b.day >= r.first_day AND b.day < r.first_day + cardinality(r.counts)) AS visible,
    r.counts,
    r.sums`;

const newestOf = (firstMonth: string, lastMonth: string) =>
  newestChange(`DATE '${firstMonth}-01'`, `DATE '${lastMonth}-01'`);

const inMonths = (firstMonth: string, lastMonth: string) => `
       r.first_day >= DATE '${firstMonth}-01'
   AND r.first_day < (DATE '${lastMonth}-01' + interval '1 month')::date
   AND r.first_day <= $4::date`;
