import { loadSmall } from "./batches/load-small.js";
import { timeChanges, timeReplace } from "./batches/time-changes.js";
import { type BenchServer, withPool } from "./bench-database.js";
import type { Line } from "./report.js";

/** One every 15 minutes for 30 days; fewer make the run shorter. */
const BATCHES = Number(process.env.RATESAPP_BENCH_BATCHES ?? 2_880);
/** Each holds the same week. Few prices, because what is measured depends on days and batches. */
const LINES = { rows: 350, firstDay: "2025-01-25", days: 7, lanes: 3_000 };
const count = BATCHES.toLocaleString("en-US");

/** What publishes and retracts take where each batch replaces the one before, and where one replaces all the others. */
export async function benchReplaces(server: BenchServer): Promise<Line[]> {
  const [each, all] = [await server.createDatabase("bench_each"), await server.createDatabase("bench_all")];
  return [
    ...(await withPool(each, async (pool) => {
      await loadSmall(pool, BATCHES, LINES, "replace");
      return timeChanges(pool, `${count} batches that replace each other`);
    })),
    ...(await withPool(all, async (pool) => {
      await loadSmall(pool, BATCHES, LINES);
      return timeReplace(pool, `a batch that replaces ${count}`, LINES);
    })),
  ];
}
