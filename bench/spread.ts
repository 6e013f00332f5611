import type pg from "pg";
import { RatesFinder } from "../app/rates/find-rates.js";
import { findSpread } from "../app/rates/find-spread.js";
import type { Question } from "../app/rates/question.js";
import { type BenchServer, loadPrices, settle, withPool } from "./bench-database.js";
import { median } from "./compare.js";
import { type Line, milliseconds } from "./report.js";

const ROWS = 5_000_000;
const YEAR = { rows: ROWS, seed: 1, firstDay: "2025-01-01", days: 365 };
const JANUARY = { dateFrom: "2025-01-01", dateTo: "2025-01-31" };
const QUARTER = { dateFrom: "2025-01-01", dateTo: "2025-03-31" };
const TURNS = 200;
const PORTS = { origin: "CNSGH", destination: "NLRTM" };
const REGIONS = { origin: "china", destination: "north_europe" };
const LARGEST = { origin: "asia", destination: "europe" };

/** What low, median and high cost those who ask for them, and what the histograms cost all others. */
export async function benchSpread(server: BenchServer): Promise<Line[]> {
  const url = await server.createDatabase("bench_spread");
  const bareUrl = await server.createDatabase("bench_without");
  for (const each of [url, bareUrl]) await loadPrices(each, "spread.csv", YEAR);
  await withPool(bareUrl, async (pool) => {
    await pool.query("UPDATE daily_rates SET histograms = NULL");
    await pool.query("VACUUM FULL");
  });
  await Promise.all([settle(url), settle(bareUrl)]);
  return withPool(url, (ours) =>
    withPool(bareUrl, async (bare) => {
      const lines: Line[] = [];
      for (const [what, question] of [
        ["a month, port to port", { ...PORTS, ...JANUARY }],
        ["a month, region to region", { ...REGIONS, ...JANUARY }],
      ] as const) {
        const notAsked = `${what}, not asked for its spread; against a database without histograms`;
        lines.push(
          await compare(notAsked, { ask: find, pool: ours, question }, { ask: find, pool: bare, question }, 1.2),
        );
      }
      for (const [what, question] of [
        ["a month, port to port", { ...PORTS, ...JANUARY }],
        ["a month, 10 to 18 ports", { ...REGIONS, ...JANUARY }],
        ["a quarter, 10 to 18 ports", { ...REGIONS, ...QUARTER }],
        ["a month, 35 to 31 ports", { ...LARGEST, ...JANUARY }],
        ["a quarter, 35 to 31 ports", { ...LARGEST, ...QUARTER }],
      ] as const) {
        const asked = `${what}, with its spread; against without`;
        lines.push(
          await compare(asked, { ask: findSpread, pool: ours, question }, { ask: find, pool: ours, question }),
        );
      }
      const [size, bareSize] = [await sizeOfRates(ours), await sizeOfRates(bare)];
      lines.push({
        what: `bytes of daily rates for a price, with histograms; against without`,
        ours: (size / ROWS).toFixed(1),
        peer: (bareSize / ROWS).toFixed(1),
        ratio: (size / bareSize).toFixed(2),
        promised: "",
      });
      return lines;
    }),
  );
}

interface Side {
  readonly ask: (client: pg.ClientBase, finder: RatesFinder, question: Question) => Promise<unknown>;
  readonly pool: pg.Pool;
  readonly question: Question;
}

const find: Side["ask"] = (client, finder, question) => finder.find(client, question);

/** @param most what the ratio may be. */
async function compare(what: string, ours: Side, peer: Side, most?: number): Promise<Line> {
  const finder = new RatesFinder();
  const times: [number[], number[]] = [[], []];
  for (let turn = 0; turn < TURNS; turn += 1) {
    for (const [side, { ask, pool, question }] of [ours, peer].entries()) {
      const client = await pool.connect();
      const begun = performance.now();
      await ask(client, finder, question);
      times[side as 0 | 1].push(performance.now() - begun);
      client.release();
    }
  }
  const [own, others] = times.map(median) as [number, number];
  return {
    what,
    ours: milliseconds(own),
    peer: milliseconds(others),
    ratio: (own / others).toFixed(2),
    promised: most === undefined ? "" : `at most ${most}`,
    broken: most !== undefined && own / others > most,
  };
}

async function sizeOfRates(pool: pg.Pool): Promise<number> {
  const { rows } = await pool.query<{ bytes: number }>(
    "SELECT sum(pg_total_relation_size(oid))::float8 AS bytes FROM pg_class WHERE relname ~ '^daily_rates_' AND relkind = 'r'",
  );
  return rows[0]?.bytes ?? 0;
}
