import type { Queries } from "../../database/queries.js";
import { readAbove } from "./roll-up.sql.js";

/** For each port, itself and then all regions that it lies in, at any depth. */
export type PlacesAbove = ReadonlyMap<number, readonly number[]>;

/** The tree as it stands; it keeps standing while the caller holds its lock. */
export async function readPlacesAbove(session: Queries): Promise<PlacesAbove> {
  const rows = await session.rows(readAbove);
  return new Map(rows.map((row) => [row.port_id, row.place_ids]));
}
