import type pg from "pg";
import { compareQuestions } from "./batches/compare-questions.js";
import { benchFoldingTime } from "./batches/folding-time.js";
import { loadSmall } from "./batches/load-small.js";
import { timeChanges } from "./batches/time-changes.js";
import { type BenchServer, loadPrices, settle, withPool } from "./bench-database.js";
import { benchMonths } from "./months.js";
import type { Line } from "./report.js";

/** One every 15 minutes for 30 days; fewer make the run shorter. */
const BATCHES = Number(process.env.RATESAPP_BENCH_BATCHES ?? 2_880);
const PRICES = 3_500;
/** Each holds the last week of a month, on some of the lanes. */
const WEEK = { firstDay: "2025-01-25", days: 7, lanes: 3_000 };
const MONTH = { dateFrom: "2025-01-01", dateTo: "2025-01-31" };
const many = `${BATCHES.toLocaleString("en-US")} batches of ${PRICES.toLocaleString("en-US")} prices`;

/** What many small batches that can all still be retracted cost, against one with as many prices. */
export async function benchBatches(server: BenchServer): Promise<Line[]> {
  const manyUrl = await server.createDatabase("bench_many");
  const oneUrl = await server.createDatabase("bench_one");
  await loadPrices(oneUrl, "one.csv", { rows: BATCHES * PRICES, seed: 1, ...WEEK });
  return withPool(manyUrl, (ours) =>
    withPool(oneUrl, async (peer) => {
      await loadSmall(ours, BATCHES, { rows: PRICES, ...WEEK });
      const sizes = await compareSizes(ours, peer);
      await Promise.all([settle(manyUrl), settle(oneUrl)]);
      return [
        ...(await compareQuestions({ ours, peer, ...MONTH, what: many })),
        ...(await compareQuestions({ ours, peer, ...MONTH, what: many, publishTo: manyUrl })),
        ...(await timeChanges(ours, many)),
        sizes,
        await benchFoldingTime(server),
        await benchMonths(manyUrl, MONTH.dateFrom.slice(0, 7)),
      ];
    }),
  );
}

/** As they are behind the last fold, without a vacuum of the bench's own. */
async function compareSizes(many: pg.Pool, one: pg.Pool): Promise<Line> {
  const bytesPerPrice = async (pool: pg.Pool) => {
    const { rows } = await pool.query("SELECT pg_database_size(current_database())::float8 AS bytes");
    return rows[0].bytes / (BATCHES * PRICES);
  };
  const [ours, peer] = [await bytesPerPrice(many), await bytesPerPrice(one)];
  return {
    what: `bytes of the database for a price, in ${BATCHES.toLocaleString("en-US")} batches; against one`,
    ours: ours.toFixed(0),
    peer: peer.toFixed(0),
    ratio: (ours / peer).toFixed(2),
    promised: "at most 1.5",
    broken: ours / peer > 1.5,
  };
}
