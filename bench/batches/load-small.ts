import type pg from "pg";
import { Database } from "../../app/database/database.js";
import { ingestSource } from "../../app/ingest/ingest-source.js";
import { type PriceLines, smallSource } from "../price-source.js";

/** The feed of the batches. */
export const FEED = "busy";

/**
 * Loads so many batches from a folder, with the folds that a run makes behind its publishes. Thirty days pass in
 * minutes, and so must vacuum: at one batch in 15 minutes autovacuum, which comes every minute, has long been there
 * before the next.
 */
export async function loadSmall(
  pool: pg.Pool,
  batches: number,
  lines: Omit<PriceLines, "seed">,
  mode: "append" | "replace" = "append",
): Promise<void> {
  const quicken = ["autovacuum_naptime = '1s'", "autovacuum_vacuum_cost_delay = 0"];
  for (const setting of quicken) await pool.query(`ALTER SYSTEM SET ${setting}`);
  await pool.query("SELECT pg_reload_conf()");
  try {
    const source = smallSource(batches, (batch) => ({ seed: batch, ...lines }));
    const reports = await ingestSource({ database: new Database(pool, {}), source, feed: FEED, mode });
    const other = reports.find(({ state }) => state !== "published");
    if (other || reports.length !== batches) throw new Error(`not all batches are published: ${other?.failure}`);
  } finally {
    for (const setting of quicken) await pool.query(`ALTER SYSTEM RESET ${setting.split(" ")[0]}`);
    await pool.query("SELECT pg_reload_conf()");
  }
}
