import { readFile } from "node:fs/promises";
import type pg from "pg";
import { publishBatch } from "../app/batches/publish.js";
import { retractBatch } from "../app/batches/retract.js";
import { Database } from "../app/database/database.js";
import { ingestSource } from "../app/ingest/ingest-source.js";
import { RatesFinder } from "../app/rates/find-rates.js";
import type { Question } from "../app/rates/question.js";
import { foldAround } from "../app/upkeep/fold.js";
import { type BenchServer, loadPrices, settle, withPool } from "./bench-database.js";
import { benchMonths } from "./months.js";
import { priceSource } from "./price-source.js";
import { type Line, milliseconds } from "./report.js";

/** One every 15 minutes for 30 days; fewer make the run shorter. */
const BATCHES = Number(process.env.RATESAPP_BENCH_BATCHES ?? 2_880);
const PRICES = 3_500;
/** Each holds the last week of a month. */
const WEEK = { firstDay: "2025-01-25", days: 7 };
const MONTH = { dateFrom: "2025-01-01", dateTo: "2025-01-31" };
const QUESTIONS = 500;
const TURNS = 50;
const FEED = "busy";

/** What many small batches that can all still be retracted cost, against one with as many prices. */
export async function benchBatches(server: BenchServer): Promise<Line[]> {
  const manyUrl = await server.createDatabase("bench_many");
  const oneUrl = await server.createDatabase("bench_one");
  await loadPrices(oneUrl, "one.csv", { rows: BATCHES * PRICES, seed: 1, ...WEEK });
  return withPool(manyUrl, (loading) =>
    withPool(manyUrl, (folding) =>
      withPool(oneUrl, async (one) => {
        const cpu = await loadAndFold(loading, folding);
        await Promise.all([settle(manyUrl), settle(oneUrl)]);
        return [
          ...(await compareQuestions(folding, one)),
          ...(await timeChanges(folding)),
          await compareSizes(folding, one),
          {
            what: `CPU seconds of folding a million prices; against loading them, in batches of ${PRICES.toLocaleString("en-US")}`,
            ours: cpu.folding.toFixed(1),
            peer: cpu.loading.toFixed(1),
            ratio: (cpu.folding / cpu.loading).toFixed(2),
            promised: "at most 1",
          },
          await benchMonths(manyUrl, MONTH.dateFrom.slice(0, 7)),
        ];
      }),
    ),
  );
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
    const source = priceSource(`${batch}.csv`, { rows: PRICES, seed: batch, ...WEEK });
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

/** By turns, so that whatever else the machine does meets both. */
async function compareQuestions(many: pg.Pool, one: pg.Pool): Promise<Line[]> {
  const { rows } = await one.query<{ code: string; kind: string }>(`
    SELECT p.code, p.kind FROM places p JOIN place_ports c ON c.place_id = p.id
    GROUP BY p.code, p.kind ORDER BY count(*) DESC, p.code`);
  const lines: Line[] = [];
  for (const kind of ["region", "port"]) {
    const [origin, destination] = rows.filter((place) => place.kind === kind).map(({ code }) => code);
    const question = { origin: origin as string, destination: destination as string, ...MONTH };
    const finders = [new RatesFinder(), new RatesFinder()] as const;
    const times: [number[], number[]] = [[], []];
    for (let turn = 0; turn < QUESTIONS; turn += 1) {
      times[0].push(await timeQuestion(finders[0], many, question));
      times[1].push(await timeQuestion(finders[1], one, question));
    }
    for (const [name, share] of [
      ["p50", 0.5],
      ["p99", 0.99],
    ] as const) {
      const [ours, peer] = [quantile(times[0], share), quantile(times[1], share)];
      lines.push({
        what: `${name} of a month, ${kind} to ${kind}, with ${BATCHES.toLocaleString("en-US")} batches that can be retracted; against the same prices in one`,
        ours: milliseconds(ours),
        peer: milliseconds(peer),
        ratio: (ours / peer).toFixed(2),
        promised: "at most 1.5",
      });
    }
  }
  return lines;
}

async function timeQuestion(finder: RatesFinder, pool: pg.Pool, question: Question): Promise<number> {
  const begun = performance.now();
  await finder.find(pool, question);
  return performance.now() - begun;
}

/** Of batches of any age. */
async function timeChanges(pool: pg.Pool): Promise<Line[]> {
  const database = new Database(pool);
  const retracts: number[] = [];
  const publishes: number[] = [];
  const { rows } = await pool.query<{ id: number }>("SELECT id FROM batches WHERE mode = 'append' ORDER BY id");
  for (let turn = 0; turn < TURNS; turn += 1) {
    const batch = rows[Math.floor((turn * rows.length) / TURNS)]?.id as number;
    retracts.push(await time(() => retractBatch(database, batch)));
    publishes.push(await time(() => publishBatch(database, batch)));
  }
  return [["retract", retracts] as const, ["publish again", publishes] as const].map(([what, times]) => ({
    what: `${what} of one of ${BATCHES.toLocaleString("en-US")} batches: p50 and worst of ${TURNS}`,
    ours: `${milliseconds(quantile(times, 0.5))}, ${milliseconds(Math.max(...times))}`,
    peer: "",
    ratio: "",
    promised: "under 100 ms",
  }));
}

async function compareSizes(many: pg.Pool, one: pg.Pool): Promise<Line> {
  const bytes = async (pool: pg.Pool) => {
    const { rows } = await pool.query("SELECT pg_database_size(current_database())::float8 AS bytes");
    return rows[0].bytes / (BATCHES * PRICES);
  };
  const [ours, peer] = [await bytes(many), await bytes(one)];
  return {
    what: `bytes of the database for a price, of ${BATCHES.toLocaleString("en-US")} batches; against one`,
    ours: ours.toFixed(0),
    peer: peer.toFixed(0),
    ratio: (ours / peer).toFixed(2),
    promised: "at most 1.5",
  };
}

async function time(work: () => Promise<unknown>): Promise<number> {
  const begun = performance.now();
  await work();
  return performance.now() - begun;
}

function quantile(values: readonly number[], share: number): number {
  return [...values].sort((a, b) => a - b)[Math.floor(share * (values.length - 1))] as number;
}
