import { regionRows, regionsFromCells } from "./roll-up.sql.js";

/** First days of the months that hold rows anyone may come to see. */
export const listRolledMonths = `
  SELECT DISTINCT to_char(day, 'YYYY-MM-01') AS month FROM batch_days ORDER BY month`;

/** $1 ids of regions, $2 first day of the month. */
export const deleteRegionRows = `
  DELETE FROM daily_rates
  WHERE day >= $2::date AND day < ($2::date + interval '1 month')::date
    AND (origin_id = ANY ($1::integer[]) OR destination_id = ANY ($1::integer[]))`;

/**
 * Makes the rows of regions $1 again from the port-to-port rows of the month that begins on $2. Days that are waiting
 * to be deleted are left out: whoever deletes them would not find rows that come back behind it.
 */
export const insertRegionRows = `
  WITH cell AS MATERIALIZED (
    SELECT r.origin_id, r.destination_id, r.day, r.batch_id, r.count, r.sum
    FROM daily_rates r
    JOIN batch_days d ON d.batch_id = r.batch_id AND d.day = r.day
    JOIN places origin ON origin.id = r.origin_id AND origin.kind = 'port'
    JOIN places destination ON destination.id = r.destination_id AND destination.kind = 'port'
    WHERE r.day >= $2::date AND r.day < ($2::date + interval '1 month')::date
  ), ${regionsFromCells("day, batch_id")}
  INSERT INTO daily_rates (origin_id, destination_id, day, batch_id, count, sum)
  ${regionRows("batch_id", "origin_id = ANY ($1::integer[]) OR destination_id = ANY ($1::integer[])")}`;
