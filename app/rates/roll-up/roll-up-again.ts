import type { Session } from "../../database/queries.js";
import { addDays, countDays } from "../calendar.js";
import { readPlacesAbove } from "./places-above.js";
import { readPrices } from "./read-prices.js";
import { RegionSums } from "./region-sums.js";
import { boundRollUp, findOwnBlocks } from "./roll-up.sql.js";
import { createSums } from "./sums.js";
import { countFromEpoch, writeRates } from "./write-rows.js";

const BYTES = 8 * 1024 * 1024;
/** 4 MiB of the table; reading them takes about as much memory. */
const BLOCKS_AT_ONCE = 512;

/** Which rates are written again, and for which batch. */
export interface Again {
  readonly batchId: number;
  /** First day of the month. */
  readonly month: string;
  /** The batch that gets the rows. */
  readonly into: number;
  /** With -1, the batch is subtracted from sums that include it. */
  readonly sign: 1 | -1;
}

/**
 * Writes the daily rates of one month of a batch again, from its prices. The caller holds the shared lock of the tree
 * and the lock of the month.
 */
export async function rollUpAgain(session: Session, { batchId, month, into, sign }: Again): Promise<void> {
  await session.run(boundRollUp);
  const blocks = await session.row(findOwnBlocks, { batchId, month });
  if (!blocks || blocks.first === null) return;
  const { first, last, first_day: fromDay, last_day: lastDay } = blocks;
  const toDay = addDays(lastDay, 1);
  const days = countDays(fromDay, lastDay);
  const firstDay = countFromEpoch(fromDay);
  const { ports, regions: regionSums } = createSums(BYTES);
  ports.begin(days);
  regionSums.begin(days);
  const regions = new RegionSums(session, firstDay, regionSums, await readPlacesAbove(session));
  const writePorts = async () => {
    await regions.addPorts(into, ports);
    await writeRates(session, into, firstDay, ports);
    ports.clear();
  };
  for (let fromBlock = first; fromBlock <= last; fromBlock += BLOCKS_AT_ONCE) {
    const toBlock = Math.min(last + 1, fromBlock + BLOCKS_AT_ONCE);
    const taken: [originId: number, destinationId: number, day: number, price: number][] = [];
    await readPrices(session, { batchId, fromDay, toDay, fromBlock, toBlock }, (...price) => taken.push(price));
    for (const [originId, destinationId, day, price] of taken) {
      if (ports.room === 0) await writePorts();
      ports.add(originId, destinationId, day, sign, sign * price);
    }
  }
  await writePorts();
  await regions.write(into);
}
