import type pg from "pg";

/** For each port, itself and then all regions that it lies in, at any depth. */
export type PlacesAbove = ReadonlyMap<number, readonly number[]>;

/** The tree as it stands; it keeps standing while the caller holds its lock. */
export async function readPlacesAbove(client: pg.ClientBase): Promise<PlacesAbove> {
  const { rows } = await client.query<{ port_id: number; place_ids: number[] }>(`
    SELECT port_id, array_agg(place_id ORDER BY place_id <> port_id) AS place_ids
    FROM place_ports
    GROUP BY port_id`);
  return new Map(rows.map((row) => [row.port_id, row.place_ids]));
}
