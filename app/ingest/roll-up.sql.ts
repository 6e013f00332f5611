/**
 * From port-to-port sums to those of all the regions above, for one month. Every statement begins with a query `cell`
 * (origin_id, destination_id, day, batch_id, count, sum: ports at both ends) and adds `outward` (region to port),
 * `inward` (port to region) and `across` (region to region).
 *
 * Regions nest, so a sum goes up in two steps: to the region that the port itself lies in, which takes each cell once
 * and leaves a fraction of the rows, and from there to every region above. A region's row thus counts each port once,
 * because a port lies in one region. Region to region is made from region to port, not from the cells.
 */
const above = `
  above AS MATERIALIZED (
    SELECT DISTINCT p.parent_id AS region_id, pp.place_id AS above_id
    FROM places p JOIN place_ports pp ON pp.port_id = p.id AND pp.place_id <> p.id
    WHERE p.kind = 'port'
  )`;

/** Sums `source` up at one end: `end` becomes each region above the port that it is. */
function upward(source: string, end: "origin_id" | "destination_id"): string {
  const other = end === "origin_id" ? "destination_id" : "origin_id";
  return `
    SELECT above.above_id AS ${end}, own.${other}, own.day, own.batch_id,
           sum(own.count)::bigint AS count, sum(own.sum)::bigint AS sum
    FROM (
      SELECT port.parent_id AS region_id, s.${other}, s.day, s.batch_id,
             sum(s.count)::bigint AS count, sum(s.sum)::bigint AS sum
      FROM ${source} s JOIN places port ON port.id = s.${end}
      WHERE port.parent_id IS NOT NULL
      GROUP BY 1, 2, 3, 4
    ) own JOIN above ON above.region_id = own.region_id
    GROUP BY 1, 2, 3, 4`;
}

/** The named queries that follow `cell`. */
export const regionsFromCells = `${above},
  outward AS MATERIALIZED (${upward("cell", "origin_id")}),
  inward AS (${upward("cell", "destination_id")}),
  across AS (${upward("outward", "destination_id")})`;
