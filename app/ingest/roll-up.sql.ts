/**
 * Whether sums of regions are kept or joined when asked for, measured by bench/regions.ts (5 million prices in a month
 * between 96 ports, 2 busy cores): region to region takes 0.45 ms kept and 76 ms joined, for 1.96 times the rows.
 *
 * From port-to-port sums to those of all the regions above. A statement begins with a query `cell` (origin_id,
 * destination_id, day, count, sum, and batch_id where there are several: ports at both ends), goes on with these (`outward`: region to port,
 * `inward`: port to region, `across`: region to region) and reads all of them through {@link regionRows}.
 *
 * Regions nest, so a sum goes up in two steps: to the region that the port itself lies in, which takes each cell once
 * and leaves a fraction of the rows, and from there to every region above. A region's row thus counts each port once,
 * because a port lies in one region. Region to region is made from region to port, not from the cells.
 *
 * It is worth having the cells in the order of the key, in which their rows are wanted anyway: groups that follow each
 * other lie together in memory, and the two steps take 1.0 s instead of 1.7 s for 1.2 million cells.
 *
 * They add as double precision: sum(bigint) is numeric and takes an allocation for each row, and whole numbers up to
 * 2^53 are exact (batch_days checks that a day stays below).
 */
export function regionsFromCells(keys: "day" | "day, batch_id"): string {
  return `
  above AS MATERIALIZED (
    SELECT DISTINCT p.parent_id AS region_id, pp.place_id AS above_id
    FROM places p JOIN place_ports pp ON pp.port_id = p.id AND pp.place_id <> p.id
    WHERE p.kind = 'port'
  ),
  outward AS MATERIALIZED (${upward("cell", "origin_id", keys)}),
  inward AS (${upward("cell", "destination_id", keys)}),
  across AS (${upward("outward", "destination_id", keys)})`;
}

/** Sums `source` up at one end. */
function upward(source: string, end: "origin_id" | "destination_id", keys: string): string {
  const columns =
    end === "origin_id" ? "above_id AS origin_id, destination_id" : "origin_id, above_id AS destination_id";
  const other = end === "origin_id" ? "destination_id" : "origin_id";
  return `
    SELECT ${columns}, ${keys}, sum(count) AS count, sum(sum) AS sum
    FROM (
      SELECT parent_id, ${other}, ${keys}, sum(count::float8) AS count, sum(sum::float8) AS sum
      FROM ${source} JOIN places ON id = ${end}
      GROUP BY parent_id, ${other}, ${keys}
    ) own JOIN above ON region_id = parent_id
    GROUP BY above_id, ${other}, ${keys}`;
}

/**
 * In the order of the primary key, so that the rows fill its pages one after the other. One number sorts in half the
 * time of three columns; where ids pass 2^29 the order is a little worse and nothing else.
 */
export const inKeyOrder = "(origin_id::bigint << 34) | (destination_id::bigint << 5) | (day - $2::date)";

/**
 * Rows for daily_rates where a region is at one end or both, in the order of its key; `$2` of the statement is the
 * first day.
 * @param batchId what stands for the batch: a column or a parameter.
 * @param where which of them; all by default.
 */
export function regionRows(batchId: "batch_id" | "$1::integer", where = "true"): string {
  const columns = `origin_id, destination_id, day, ${batchId} AS batch_id, count::bigint AS count, sum::bigint AS sum`;
  return `
    SELECT origin_id, destination_id, day, batch_id, count, sum
    FROM (${["outward", "inward", "across"].map((query) => `SELECT ${columns} FROM ${query}`).join(" UNION ALL ")}) made
    WHERE ${where}
    ORDER BY ${inKeyOrder}`;
}
