import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type pg from "pg";
import { ingestSource } from "../../app/ingest/ingest-source.js";
import { importPlaces } from "../../app/places/import-places.js";
import { startApi } from "../kit/api.js";
import { createDatabase } from "../kit/database.js";
import { TAKES_UPLOADS } from "../kit/write-token.js";

/** The real service with the pages as they were built last, over a database of its own. */
export interface Site {
  /** Such as http://127.0.0.1:3000 */
  readonly address: string;
  readonly pool: pg.Pool;
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
  const database = await createDatabase();
  const { url, pool } = database;
  await importPlaces(database, {
    ports: { name: "ports.csv", content: PORTS },
    regions: { name: "regions.csv", content: REGIONS },
  });
  const directory = await mkdtemp(join(tmpdir(), "ratesapp-site-"));
  const server = await startApi({ DATABASE_URL: url, DRAIN_SECONDS: "0", ...TAKES_UPLOADS });
  return {
    address: server.apiUrl,
    pool,
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
