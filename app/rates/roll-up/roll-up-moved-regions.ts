import type { Session } from "../../database/queries.js";
import { type PlacesAbove, readPlacesAbove } from "./places-above.js";
import { RegionSums } from "./region-sums.js";
import { closeMoved, deleteRegionRows, fetchMoved, listRolledMonths, openMoved } from "./roll-up.sql.js";
import { createSums, type Sums } from "./spare-sums.js";
import { countFromEpoch } from "./write-rows.js";

const BYTES = 32 * 1024 * 1024;
const DAYS = 31;

/**
 * Computes the rates of these regions again for every batch, after ports moved in the tree. It runs in the caller's
 * transaction, month by month. The caller holds the lock of the tree and has already updated `place_ports`.
 * @param regionIds regions that gained or lost ports.
 */
export async function rollUpMovedRegions(session: Session, regionIds: readonly number[]): Promise<void> {
  const above = await readPlacesAbove(session);
  const memory = createSums(BYTES);
  for (const { month } of await session.rows(listRolledMonths)) {
    await session.run(deleteRegionRows, { regionIds, month });
    await rollUpMonth(session, regionIds, month, above, memory);
  }
}

async function rollUpMonth(
  session: Session,
  regionIds: readonly number[],
  month: string,
  above: PlacesAbove,
  { ports, regions: regionSums }: Sums,
): Promise<void> {
  ports.begin(DAYS);
  regionSums.begin(DAYS);
  const regions = new RegionSums(session, countFromEpoch(month), regionSums, above, new Set(regionIds));
  /** 0 before the first batch. Nothing has been added yet at that point. */
  let batchId = 0;
  const settle = async () => {
    await regions.addPorts(batchId, ports);
    ports.clear();
  };
  const endBatch = async () => {
    await settle();
    await regions.write(batchId);
  };
  await session.run(openMoved, { regionIds, month });
  for (;;) {
    const rows = await session.rows(fetchMoved);
    if (rows.length === 0) break;
    for (const row of rows) {
      if (row.batch_id !== batchId) {
        await endBatch();
        batchId = row.batch_id;
      } else if (ports.room === 0) {
        await settle();
      }
      for (const [index, count] of row.counts.entries()) {
        ports.add(row.origin_id, row.destination_id, row.first + index, count, row.sums[index] as number);
      }
    }
  }
  await endBatch();
  await session.run(closeMoved);
}
