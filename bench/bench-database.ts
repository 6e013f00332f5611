import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type pg from "pg";
import { Database } from "../app/database/database.js";
import { openEmbedded } from "../app/database/embedded.js";
import { migrate } from "../app/database/migrate.js";
import { openPool } from "../app/database/pool.js";
import { demoPlacesFiles } from "../app/demo/load-demo.js";
import { ingestSource } from "../app/ingest/ingest-source.js";
import { importPlaces } from "../app/places/import-places.js";
import { fillPageCache } from "./page-cache.js";
import { type PriceLines, priceSource } from "./price-source.js";

export interface BenchServer {
  /** A new database, on a machine whose memory is in use: with the schema and the places of the demo, or empty. */
  createDatabase(name: string, options?: { empty: boolean }): Promise<string>;
  /** What was written to it and is not on the disk yet never goes there, and so slows nothing down that follows. */
  dropDatabase(name: string): Promise<void>;
  close(): Promise<void>;
}

/**
 * A durable Postgres of its own for one run of a bench, set as a primary is: WAL for replicas, so that no side of a
 * comparison gets away with less, and caches that hold the data, so that the disk of the machine does not decide.
 */
export async function openBenchServer(): Promise<BenchServer> {
  const directory = await mkdtemp(join(tmpdir(), "ratesapp-bench-"));
  const server = await openEmbedded({
    directory,
    serverSettings: {
      wal_level: "replica",
      shared_buffers: "2GB",
      max_wal_size: "8GB",
      max_connections: "200",
      checkpoint_timeout: "30min",
    },
  });
  const query = (statement: string) => withPool(server.url, (pool) => pool.query(statement));
  return {
    async createDatabase(name, options = { empty: false }) {
      await fillPageCache(directory);
      await query(`CREATE DATABASE ${name}`);
      const url = new URL(server.url);
      url.pathname = `/${name}`;
      if (!options.empty) {
        await migrate(url.href);
        await withPool(url.href, (pool) => importPlaces(new Database(pool), demoPlacesFiles()));
      }
      return url.href;
    },
    async dropDatabase(name) {
      await query(`DROP DATABASE ${name} WITH (FORCE)`);
    },
    async close() {
      await server.close();
      await rm(directory, { recursive: true, force: true });
    },
  };
}

/** Loads generated prices as one published batch, by the way that all prices take. */
export function loadPrices(url: string, name: string, lines: PriceLines): Promise<void> {
  return withPool(url, async (pool) => {
    const [batch] = await ingestSource({ database: new Database(pool, {}), source: priceSource(name, lines) });
    if (batch?.state !== "published") throw new Error(`${name} is ${batch?.state}: ${batch?.failure}`);
  });
}

/** What autovacuum would have done by the next day, so that no round waits for it or runs beside it. */
export function settle(url: string): Promise<void> {
  return withPool(url, async (pool) => {
    await pool.query("VACUUM ANALYZE");
    await pool.query("CHECKPOINT");
  });
}

export async function withPool<T>(url: string, work: (pool: pg.Pool) => Promise<T>): Promise<T> {
  const pool = openPool({ url, size: 8, applicationName: "ratesapp bench", statementTimeoutMs: 0 });
  try {
    return await work(pool);
  } finally {
    await pool.end();
  }
}
