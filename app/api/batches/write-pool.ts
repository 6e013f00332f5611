import type pg from "pg";
import { openPool } from "../../database/pool.js";
import type { Settings } from "../../settings.js";
import type { Logger } from "../../telemetry/logger.js";

/** Bodies that an instance reads at once: parsing is one thread, and while one is parsed the others wait for the network. */
export const MOST_UPLOADS = 3;
/** A body takes up to three while it is read; with fewer, uploads would starve each other. */
export const WRITE_CONNECTIONS = 3 * MOST_UPLOADS;

/** Where batches are kept; nothing connects before the first write. Without a statement timeout: an audit takes long. */
export function openWritePool(settings: Settings, logger: Logger): pg.Pool | undefined {
  if (settings.databaseUrl === undefined) return undefined;
  return openPool({
    url: settings.databaseUrl,
    size: WRITE_CONNECTIONS,
    applicationName: "ratesapp write",
    statementTimeoutMs: 0,
    onConnectionError: (error) => logger.debug({ error, source: "write" }, "a database connection broke"),
  });
}
