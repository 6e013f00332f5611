import { execFileSync } from "node:child_process";
import { createHash } from "node:crypto";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type pg from "pg";
import { startServer } from "../../../app/api/server.js";
import { ingestSource } from "../../../app/ingest/ingest-source.js";
import { importPlaces } from "../../../app/places/import-places.js";
import { readSettings } from "../../../app/settings.js";
import { createLogger } from "../../../app/telemetry/logger.js";
import { createDatabase } from "../database.js";

/** The real service with the pages as they are now, over a database of its own. */
export interface Site {
  /** Such as http://127.0.0.1:3000 */
  readonly address: string;
  readonly pool: pg.Pool;
  /** Lets its bearer see and change batches. */
  readonly token: string;
  /** Loads lines of prices as one batch of a feed. */
  load(feed: string, name: string, lines: readonly string[]): Promise<void>;
  close(): Promise<void>;
}

const REGIONS = `slug,name,parent_slug
china,China,
north_europe,North Europe,
scandinavia,Scandinavia,north_europe
`;

const PORTS = `code,name,parent_slug
CNSGH,Shanghai,china
CNNBO,Ningbo,china
NLRTM,Rotterdam,north_europe
SEGOT,Göteborg,scandinavia
`;

export async function openSite(): Promise<Site> {
  // Not imported: with an .mjs file among its modules mocha would load all of them a second time, apart from its hooks.
  execFileSync(process.execPath, ["build/page.mjs"], { stdio: "inherit" });
  const database = await createDatabase();
  await importPlaces(database, {
    ports: { name: "ports.csv", content: PORTS },
    regions: { name: "regions.csv", content: REGIONS },
  });
  const directory = await mkdtemp(join(tmpdir(), "ratesapp-site-"));
  const token = "a-token-for-tests";
  const tokens = join(directory, "tokens");
  await writeFile(tokens, `tests:${createHash("sha256").update(token).digest("hex")}\n`);
  const settings = readSettings({
    DATABASE_URL: database.url,
    HOST: "127.0.0.1",
    PORT: "0",
    ADMIN_PORT: "0",
    LOG_LEVEL: "silent",
    WRITE_TOKENS_FILE: tokens,
    // A browser and a database on the machine of the tests may hold the process up; nothing may be turned away for it.
    MAX_EVENT_LOOP_LAG_MS: "60000",
    RATE_LIMIT_PER_SECOND: "0",
    DRAIN_SECONDS: "0",
  });
  const server = await startServer({ settings, logger: createLogger(settings) });
  return {
    address: server.apiUrl,
    pool: database.pool,
    token,
    async load(feed, name, lines) {
      const source = join(directory, name);
      await writeFile(source, ["orig_code,dest_code,day,price", ...lines, ""].join("\n"));
      await ingestSource({ database, source, feed });
    },
    async close() {
      await server.stop();
      await database.drop();
      await rm(directory, { recursive: true, force: true });
    },
  };
}
