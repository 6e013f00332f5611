import type pg from "pg";
import { deleteRegionRows, insertRegionRows, listRolledMonths } from "./roll-up-regions.sql.js";

/**
 * Makes the rates of these regions again, for every batch, after ports moved in the tree: inside the caller's
 * transaction, month by month. The caller holds the lock of the tree and has brought `place_ports` in step.
 * @param regionIds regions that gained or lost ports.
 */
export async function rollUpRegions(client: pg.ClientBase, regionIds: readonly number[]): Promise<void> {
  const { rows } = await client.query<{ month: string }>(listRolledMonths);
  for (const { month } of rows) {
    await client.query(deleteRegionRows, [regionIds, month]);
    await client.query(insertRegionRows, [regionIds, month]);
  }
}
