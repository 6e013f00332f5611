import type pg from "pg";
import { readPlacesAbove } from "./places-above.js";
import { RateSums } from "./rate-sums.js";
import { RegionSums } from "./region-sums.js";
import { closeMoved, deleteRegionRows, fetchMoved, listRolledMonths, openMoved } from "./roll-up.sql.js";
import { countFromEpoch } from "./write-rates.js";

/** What the sums of ports, and those of regions, may take. */
const BYTES = 16 * 1024 * 1024;
const DAYS = 31;

/**
 * Makes the rates of these regions again, for every batch, after ports moved in the tree: inside the caller's
 * transaction, month by month. The caller holds the lock of the tree and has brought `place_ports` in step.
 * @param regionIds regions that gained or lost ports.
 */
export async function rollUpRegions(client: pg.ClientBase, regionIds: readonly number[]): Promise<void> {
  const { rows } = await client.query<{ month: string }>(listRolledMonths);
  for (const { month } of rows) {
    await client.query(deleteRegionRows, [regionIds, month]);
    await rollUpMonth(client, regionIds, month);
  }
}

interface Moved {
  readonly origin_id: number;
  readonly destination_id: number;
  readonly first: number;
  readonly batch_id: number;
  readonly counts: readonly number[];
  readonly sums: readonly number[];
}

async function rollUpMonth(client: pg.ClientBase, regionIds: readonly number[], month: string): Promise<void> {
  const above = await readPlacesAbove(client);
  const ports = new RateSums(DAYS, BYTES);
  const regions = new RegionSums(client, countFromEpoch(month), DAYS, BYTES, above, new Set(regionIds));
  const settle = async (batchId: number) => {
    await regions.addPorts(batchId, ports);
    ports.clear();
  };
  await client.query(openMoved, [regionIds, month]);
  let batchId: number | undefined;
  for (;;) {
    const { rows } = await client.query<Moved>(fetchMoved);
    if (rows.length === 0) break;
    for (const row of rows) {
      const ended = batchId !== undefined && batchId !== row.batch_id ? batchId : undefined;
      if (ended !== undefined || ports.room === 0) await settle(ended ?? row.batch_id);
      if (ended !== undefined) await regions.write(ended);
      batchId = row.batch_id;
      for (const [index, count] of row.counts.entries()) {
        ports.add(row.origin_id, row.destination_id, row.first + index, count, row.sums[index] as number);
      }
    }
  }
  if (batchId !== undefined) {
    await settle(batchId);
    await regions.write(batchId);
  }
  await client.query(closeMoved);
}
