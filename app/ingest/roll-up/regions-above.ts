import type pg from "pg";

/** For each port, all regions that it lies in, at any depth. */
export type RegionsAbove = ReadonlyMap<number, readonly number[]>;

/** The tree as it stands; it keeps standing while the caller holds its lock. */
export async function readRegionsAbove(client: pg.ClientBase): Promise<RegionsAbove> {
  const { rows } = await client.query<{ port_id: number; region_ids: number[] }>(`
    SELECT port_id, array_agg(place_id) AS region_ids
    FROM place_ports WHERE place_id <> port_id
    GROUP BY port_id`);
  return new Map(rows.map((row) => [row.port_id, row.region_ids]));
}

/** Every pair of origin and destination that a price between two ports counts for, but the ports themselves. */
export function lanesAbove(above: RegionsAbove, originId: number, destinationId: number): [number, number][] {
  const origins = [originId, ...(above.get(originId) ?? [])];
  const destinations = [destinationId, ...(above.get(destinationId) ?? [])];
  return origins
    .flatMap((origin) => destinations.map((destination): [number, number] => [origin, destination]))
    .slice(1);
}
