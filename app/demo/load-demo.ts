import { Database } from "../database/database.js";
import type { Log } from "../database/log.js";
import { openPool } from "../database/pool.js";
import { ingestSource } from "../ingest/ingest-source.js";
import { importPlaces } from "../places/import-places.js";
import type { PlacesFile } from "../places/places-file.js";
import { demoPorts, demoRegions } from "./demo-places.js";
import { DEMO_FEED, DemoSource } from "./demo-source.js";
import { findOthersData, listDemoDays } from "./load-demo.sql.js";

export interface DemoOptions {
  readonly url: string;
  /** The last day with prices; days since 1970-01-01 (UTC). */
  readonly lastDay: number;
  readonly signal: AbortSignal;
  readonly log: Log;
  /** Called with the number of published days and the number of all days: once at the start, and after each day. */
  readonly onProgress: (days: number, total: number) => void;
}

/** Thrown when a delivery of generated prices failed. */
export class DemoError extends Error {
  constructor(batch: number, name: string, reason: string) {
    super(
      `The generated prices ${name} could not be loaded: ${reason} Try them again with \`ratesapp batches retry ${batch}\`.`,
    );
    this.name = "DemoError";
  }
}

const CONNECTIONS = 6;

/**
 * Loads the generated places and prices into the database in the same way as all others. What is already there is kept:
 * an interrupted load continues, and on a later day only the new days are added.
 * @returns false if the database holds other data; nothing is changed then.
 * @throws {DemoError} if a delivery fails; the signal's reason if the signal is aborted.
 */
export async function loadDemo(options: DemoOptions): Promise<boolean> {
  const { url, signal, log } = options;
  const pool = openPool({ url, size: CONNECTIONS, applicationName: "ratesapp demo", statementTimeoutMs: 0 });
  try {
    const codes = [...demoPorts.map(({ code }) => code), ...demoRegions.map(({ slug }) => slug)];
    const database = new Database(pool, { signal, log });
    if ((await database.row(findOthersData, { feed: DEMO_FEED, codes }))?.found) return false;
    await importPlaces(database, demoPlacesFiles());
    const known = await database.transaction((session) => session.rows(listDemoDays, { feed: DEMO_FEED }));
    const source = new DemoSource({ lastDay: options.lastDay, without: new Set(known.map(({ day }) => day)) });
    let days = 0;
    const tell = () => options.onProgress(days, source.days);
    tell();
    const onReport = () => {
      days += 1;
      tell();
    };
    const reports = await ingestSource({ database, source, feed: DEMO_FEED, onReport });
    // A batch that was retracted or compacted meanwhile is no failure.
    const failed = reports.find(({ state }) => state === "failed");
    if (failed) throw new DemoError(failed.batchId, failed.name, failed.failure ?? "");
    return true;
  } finally {
    await pool.end();
  }
}

/** The generated places, as files for `ratesapp places import`. */
export function demoPlacesFiles(): { ports: PlacesFile; regions: PlacesFile } {
  const ports = demoPorts.map(({ code, name, region }) => `${code},${name},${region}`);
  const regions = demoRegions.map(({ slug, name, parent }) => `${slug},${name},${parent ?? ""}`);
  return {
    ports: { name: "demo ports", content: ["code,name,parent_slug", ...ports].join("\n") },
    regions: { name: "demo regions", content: ["slug,name,parent_slug", ...regions].join("\n") },
  };
}
