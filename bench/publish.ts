import type pg from "pg";
import { publishBatch } from "../app/batches/publish.js";
import { retractBatch } from "../app/batches/retract.js";
import { Database } from "../app/database/database.js";
import { auditBatch } from "../app/ingest/audit/audit.js";
import { ingestSource } from "../app/ingest/ingest-source.js";
import { type BenchServer, loadPrices, settle, withPool } from "./bench-database.js";
import { priceSource } from "./price-source.js";
import { type Line, milliseconds } from "./report.js";

const FIRST_DAY = "2025-01-01";
const MONTH = { firstDay: FIRST_DAY, days: 31 };
const LARGE_ROWS = 10_000_000;
const SMALL_ROWS = 10_000;
const TURNS = 25;

/** How long a publish, a retract and the audit of a small batch take beside ten million prices of the same month. */
export async function benchPublish(server: BenchServer): Promise<Line[]> {
  const url = await server.createDatabase("bench_publish");
  await loadPrices(url, "large.csv", { rows: LARGE_ROWS, seed: 1, ...MONTH });
  await settle(url);
  return withPool(url, async (pool) => {
    const audit = await timeSmallAudit(pool);
    const [large, small] = [await toggle(pool, 1), await toggle(pool, 2)];
    const line = (what: string, ours: number, peer: number): Line => ({
      what,
      ours: milliseconds(ours),
      peer: milliseconds(peer),
      ratio: (ours / peer).toFixed(2),
      promised: "under 100 ms",
    });
    return [
      line("publish of 10,000,000 prices; against one of 10,000", large.publish, small.publish),
      line("retract of 10,000,000 prices; against one of 10,000", large.retract, small.retract),
      {
        what: "audit of 10,000 prices beside 10,000,000 of the month",
        ours: milliseconds(audit),
        peer: "",
        ratio: "",
        promised: "",
      },
    ];
  });
}

/** Medians in milliseconds. */
async function toggle(pool: pg.Pool, batchId: number): Promise<{ publish: number; retract: number }> {
  const retracts: number[] = [];
  const publishes: number[] = [];
  for (let turn = 0; turn < TURNS; turn += 1) {
    retracts.push(await time(() => retractBatch(new Database(pool), batchId)));
    publishes.push(await time(() => publishBatch(new Database(pool), batchId)));
  }
  return { publish: median(publishes), retract: median(retracts) };
}

/** Publishes the small batch too; the time is that of auditing it once more. */
async function timeSmallAudit(pool: pg.Pool): Promise<number> {
  await ingestSource({
    database: new Database(pool, {}),
    source: priceSource("small.csv", { rows: SMALL_ROWS, seed: 2, ...MONTH }),
  });
  await ingestSource({
    database: new Database(pool, {}),
    source: priceSource("again.csv", { rows: SMALL_ROWS, seed: 3, ...MONTH }),
  });
  await pool.query("DELETE FROM daily_rates WHERE batch_id = 3");
  await pool.query("DELETE FROM batch_days WHERE batch_id = 3");
  await pool.query("UPDATE batches SET state = 'loading', sequence = NULL, published_at = NULL WHERE id = 3");
  return time(() => auditBatch(new Database(pool), 3));
}

async function time(work: () => Promise<unknown>): Promise<number> {
  const begun = performance.now();
  await work();
  return performance.now() - begun;
}

function median(values: readonly number[]): number {
  return [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)] as number;
}
