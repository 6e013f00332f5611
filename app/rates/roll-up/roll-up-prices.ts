import type { Session } from "../../database/queries.js";
import { countDays } from "../calendar.js";
import { Checksum } from "./checksum.js";
import { readPlacesAbove } from "./places-above.js";
import { readPrices } from "./read-prices.js";
import { RegionSums } from "./region-sums.js";
import { findBlocks } from "./roll-up.sql.js";
import type { Sums } from "./spare-sums.js";
import { countFromEpoch, writeRates } from "./write-rows.js";

/** Some days of one month of a batch; these are audited together. */
export interface Part {
  readonly batchId: number;
  readonly fromDay: string;
  /** This day is not included. */
  readonly toDay: string;
}

/** Totals of the prices of a part. */
export interface PartTotals {
  readonly checksum: string;
  /** Days that have prices. */
  readonly days: readonly { readonly day: number; readonly prices: number; readonly priceSum: number }[];
}

/** An 8-KiB block holds rows of 24 bytes, each with a header of 24 bytes and a pointer of 4. */
const MOST_ROWS_PER_BLOCK = 157;
/** With smaller steps, round trips would take most of the time. */
const LEAST_BLOCKS = 16;
/** Larger steps would need more than a megabyte of memory. */
const MOST_BLOCKS = 512;

/**
 * Reads the prices of a part back from the database and writes its daily rates. The sums of ports are made first. The
 * sums of the regions above are made from them, because these are far fewer than the prices.
 *
 * It reads the table of the month in runs of blocks. Each run is so short that the memory for sums cannot run out
 * within it.
 * @returns null, with nothing written, if the memory is too small for the part and a part of fewer days would fit.
 */
export async function rollUpPrices(session: Session, part: Part, sums: Sums): Promise<PartTotals | null> {
  const days = countDays(part.fromDay, part.toDay) - 1;
  const firstDay = countFromEpoch(part.fromDay);
  const { ports, histograms } = sums;
  ports.begin(days);
  histograms.clear();
  sums.regions.begin(days);
  const regions = new RegionSums(session, firstDay, sums.regions, await readPlacesAbove(session));
  const prices = new Float64Array(days);
  const priceSums = new Float64Array(days);
  const checksum = new Checksum();
  let written = false;
  const take = (originId: number, destinationId: number, day: number, price: number) => {
    histograms.add(ports.add(originId, destinationId, day, 1, price) * days + day, price);
    prices[day] = (prices[day] as number) + 1;
    priceSums[day] = (priceSums[day] as number) + price;
    checksum.add(originId, destinationId, firstDay + day, price);
  };
  const blocks = await session.row(findBlocks, { ...part });
  for (let fromBlock = blocks?.first ?? 0, end = blocks?.end ?? 0; fromBlock < end; ) {
    if (ports.room < LEAST_BLOCKS * MOST_ROWS_PER_BLOCK && days > 1 && !written) return null;
    if (room() < LEAST_BLOCKS * MOST_ROWS_PER_BLOCK) await writePorts();
    const step = Math.min(MOST_BLOCKS, Math.floor(room() / MOST_ROWS_PER_BLOCK));
    const toBlock = Math.min(end, fromBlock + Math.max(LEAST_BLOCKS, step));
    await readPrices(session, { ...part, blocks: [fromBlock, toBlock] }, take);
    fromBlock = toBlock;
  }
  await writePorts();
  await regions.write(part.batchId);
  return {
    checksum: checksum.toString(),
    days: Array.from(prices, (count, day) => ({ day, prices: count, priceSum: priceSums[day] as number })).filter(
      (totals) => totals.prices > 0,
    ),
  };

  function room(): number {
    return Math.min(ports.room, histograms.room);
  }

  async function writePorts(): Promise<void> {
    written = true;
    await regions.addPorts(part.batchId, ports);
    await writeRates(session, part.batchId, firstDay, ports, histograms);
    ports.clear();
    histograms.clear();
  }
}
