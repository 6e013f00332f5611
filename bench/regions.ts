import type pg from "pg";
import { findRatesSql } from "../app/rates/find-rates.sql.js";
import { type BenchServer, loadPrices, settle, withPool } from "./bench-database.js";
import { type Line, milliseconds } from "./report.js";

const ROWS = 5_000_000;
const TURNS = 50;

/** The same question with only port-to-port rows kept, and the ports of a region joined when it is asked. */
const JOINED = `
  SELECT r.first_day + run.at::integer - 1 AS day, sum(run.count), sum(run.sum)
  FROM places origin
  JOIN places destination ON destination.code = $2
  JOIN place_ports o ON o.place_id = origin.id
  JOIN place_ports d ON d.place_id = destination.id
  JOIN daily_rates r ON r.origin_id = o.port_id AND r.destination_id = d.port_id
  CROSS JOIN unnest(r.counts, r.sums) WITH ORDINALITY AS run (count, sum, at)
  JOIN batch_days b ON b.batch_id = r.batch_id AND b.day = r.first_day + run.at::integer - 1 AND b.visible
  WHERE origin.code = $1 AND r.first_day BETWEEN $3::date AND $4::date
  GROUP BY 1`;

const LARGEST_REGIONS = `
  SELECT p.code FROM places p JOIN place_ports c ON c.place_id = p.id
  WHERE p.kind = 'region' GROUP BY p.code ORDER BY count(*) DESC, p.code LIMIT 2`;

/** What sums that are kept for every region above a port gain a reader, and what they cost. */
export async function benchRegions(server: BenchServer): Promise<Line[]> {
  const url = await server.createDatabase("bench_regions");
  await loadPrices(url, "regions.csv", { rows: ROWS, seed: 1, firstDay: "2025-01-01", days: 31 });
  await settle(url);
  return withPool(url, async (pool) => {
    const { rows } = await pool.query<{ code: string }>(LARGEST_REGIONS);
    const question = [rows[0]?.code, rows[1]?.code, "2025-01-01", "2025-01-31"];
    const kept = await median(pool, findRatesSql("2025-01", "2025-01"), question);
    const joined = await median(pool, JOINED, question);
    const size = await pool.query<{ all: number; ports: number }>(`
      SELECT count(*)::float8 AS all,
             count(*) FILTER (WHERE o.kind = 'port' AND d.kind = 'port')::float8 AS ports
      FROM daily_rates r JOIN places o ON o.id = r.origin_id JOIN places d ON d.id = r.destination_id`);
    const { all = 0, ports = 1 } = size.rows[0] ?? {};
    return [
      {
        what: "region to region, a month of 5,000,000 prices: kept sums against a join when read",
        ours: milliseconds(kept),
        peer: milliseconds(joined),
        ratio: (kept / joined).toFixed(3),
        promised: "",
      },
      {
        what: "rows of daily_rates, regions included, against ports only",
        ours: all.toLocaleString("en-US"),
        peer: ports.toLocaleString("en-US"),
        ratio: (all / ports).toFixed(2),
        promised: "",
      },
    ];
  });
}

async function median(pool: pg.Pool, text: string, values: unknown[]): Promise<number> {
  const client = await pool.connect();
  try {
    const times: number[] = [];
    for (let turn = 0; turn < TURNS; turn += 1) {
      const begun = performance.now();
      await client.query({ name: text.slice(0, 60), text, values });
      times.push(performance.now() - begun);
    }
    return times.sort((a, b) => a - b)[TURNS / 2] as number;
  } finally {
    client.release();
  }
}
