import { readFile } from "node:fs/promises";
import type pg from "pg";
import { Database } from "../../app/database/database.js";
import { ingestSource } from "../../app/ingest/ingest-source.js";
import { foldAround } from "../../app/upkeep/fold.js";
import { type BenchServer, withPool } from "../bench-database.js";
import { priceSource } from "../price-source.js";
import type { Line } from "../report.js";

const BATCHES = 128;
const PRICES = 10_000;
/** The last seven days of a month, on some of the lanes, as each delivery of a carrier has them. */
const DELIVERY = { firstDay: "2025-01-25", days: 7, lanes: 3_000 };
const FEED = "busy";

/** What folding takes of the processors, against loading what is folded. */
export async function benchFoldingTime(server: BenchServer): Promise<Line> {
  const url = await server.createDatabase("bench_folding");
  const cpu = await withPool(url, (loading) => withPool(url, (folding) => loadAndFold(loading, folding)));
  await server.dropDatabase("bench_folding");
  const ratio = cpu.folding / cpu.loading;
  return {
    what: `CPU seconds of folding a million prices; against loading them, in ${BATCHES} batches of ${PRICES.toLocaleString("en-US")}`,
    ours: cpu.folding.toFixed(1),
    peer: cpu.loading.toFixed(1),
    ratio: ratio.toFixed(2),
    promised: "at most 1",
    broken: ratio > 1,
  };
}

/**
 * Each batch comes as one of a feed of its own, in which nothing is due to be folded, and then to that of the others:
 * so its loading and the folding behind it are measured apart.
 * @returns CPU seconds for a million prices, of the process and of its database sessions.
 */
async function loadAndFold(loading: pg.Pool, folding: pg.Pool): Promise<{ loading: number; folding: number }> {
  const database = new Database(folding);
  const seconds = { loading: 0, folding: 0 };
  for (let batch = 1; batch <= BATCHES; batch += 1) {
    const source = priceSource(`${batch}.csv`, { rows: PRICES, seed: batch, ...DELIVERY });
    let id = 0;
    const onBatch = (batchId: number) => {
      id = batchId;
    };
    seconds.loading += await cpuOf(loading, () =>
      ingestSource({ database: new Database(loading), source, feed: `batch ${batch}`, onBatch }),
    );
    await folding.query("UPDATE batches SET feed = $1 WHERE id = $2", [FEED, id]);
    seconds.folding += await cpuOf(folding, async () => {
      while (await foldAround(database, id));
    });
  }
  const millions = (BATCHES * PRICES) / 1_000_000;
  return { loading: seconds.loading / millions, folding: seconds.folding / millions };
}

const TICKS_PER_SECOND = 100;

async function cpuOf(pool: pg.Pool, work: () => Promise<unknown>): Promise<number> {
  const [ticks, own] = [await ticksOf(pool), process.cpuUsage()];
  await work();
  const { user, system } = process.cpuUsage(own);
  return ((await ticksOf(pool)) - ticks) / TICKS_PER_SECOND + (user + system) / 1_000_000;
}

/**
 * Of the sessions of a pool, which are all of this process: https://man7.org/linux/man-pages/man5/proc_pid_stat.5.html
 */
async function ticksOf(pool: pg.Pool): Promise<number> {
  const { rows } = await pool.query<{ pid: number }>(
    "SELECT pid FROM pg_stat_activity WHERE datname = current_database() AND backend_type = 'client backend'",
  );
  let ticks = 0;
  for (const { pid } of rows) {
    const stat = await readFile(`/proc/${pid}/stat`, "utf8").catch(() => "");
    const [, user = 0, system = 0] = /\) (?:\S+ ){11}(\d+) (\d+)/.exec(stat)?.map(Number) ?? [];
    ticks += user + system;
  }
  return ticks;
}
