import type { Session } from "../../database/queries.js";
import { addDays, countDays } from "../calendar.js";
import { readPlacesAbove } from "./places-above.js";
import { readPrices } from "./read-prices.js";
import { RegionSums } from "./region-sums.js";
import { boundRollUp } from "./roll-up.sql.js";
import { SpareSums } from "./spare-sums.js";
import { countFromEpoch, writeRates } from "./write-rows.js";

/** Used again by each call: a user waits for it, and allocating this memory takes as long as adding up. */
const spare = new SpareSums(8 * 1024 * 1024);

/** Which rates are written again, and for which batch. */
export interface Again {
  /** A batch with so few prices that they fit into memory, at 16 bytes each. */
  readonly batchId: number;
  /** All days of the batch in one month lie in this range, which includes both ends. */
  readonly fromDay: string;
  readonly lastDay: string;
  /** The batch that gets the rows. */
  readonly into: number;
  /** With -1, the batch is subtracted from sums that include it. */
  readonly sign: 1 | -1;
}

/**
 * Writes the daily rates of one month of a batch again, from its prices. The caller holds the shared lock of the tree
 * and the lock of the month.
 */
export async function rollUpAgain(session: Session, { batchId, fromDay, lastDay, into, sign }: Again): Promise<void> {
  await session.run(boundRollUp);
  const days = countDays(fromDay, lastDay);
  const firstDay = countFromEpoch(fromDay);
  const above = await readPlacesAbove(session);
  const taken: [originId: number, destinationId: number, day: number, price: number][] = [];
  const prices = { batchId, fromDay, toDay: addDays(lastDay, 1) };
  await readPrices(session, prices, (...price) => taken.push(price));
  await spare.use(async ({ ports, regions: regionSums, histograms }) => {
    ports.begin(days);
    histograms.clear();
    regionSums.begin(days);
    const regions = new RegionSums(session, firstDay, regionSums, above);
    const writePorts = async () => {
      await regions.addPorts(into, ports);
      await writeRates(session, into, firstDay, ports, histograms);
      ports.clear();
      histograms.clear();
    };
    for (const [originId, destinationId, day, price] of taken) {
      if (ports.room === 0 || histograms.room === 0) await writePorts();
      histograms.add(ports.add(originId, destinationId, day, sign, sign * price) * days + day, price);
    }
    await writePorts();
    await regions.write(into);
  });
}
