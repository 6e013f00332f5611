import type { Queries } from "../../database/queries.js";
import { readAbove } from "./roll-up.sql.js";

/** For each port: its own id, and then the ids of all regions around it, at any depth. */
export type PlacesAbove = ReadonlyMap<number, readonly number[]>;

/** Reads the current tree of places. The tree cannot change while the caller holds its lock. */
export async function readPlacesAbove(session: Queries): Promise<PlacesAbove> {
  const rows = await session.rows(readAbove);
  return new Map(rows.map((row) => [row.port_id, row.place_ids]));
}
