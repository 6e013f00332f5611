import type pg from "pg";
import { openPool } from "../../database/pool.js";
import type { Settings } from "../../settings.js";
import type { Logger } from "../../telemetry/logger.js";

/** Bodies that an instance reads at once: parsing is one thread, and while one is parsed the others wait for the network. */
export const MOST_UPLOADS = 3;
/** A body takes up to two while it is read, as does an audit; with fewer, uploads would starve each other. */
export const THREAD_CONNECTIONS = 2 * MOST_UPLOADS;
/** What requests themselves ask is short. */
const POOL_CONNECTIONS = 3;
export const WRITE_CONNECTIONS = THREAD_CONNECTIONS + POOL_CONNECTIONS;

/** Where batches are kept; nothing connects before the first write. */
export function openWritePool(settings: Settings, logger: Logger): pg.Pool | undefined {
  if (settings.databaseUrl === undefined) return undefined;
  return openPool({
    url: settings.databaseUrl,
    size: POOL_CONNECTIONS,
    applicationName: "ratesapp write",
    statementTimeoutMs: 0,
    onConnectionError: (error) => logger.debug({ error, source: "write" }, "a database connection broke"),
  });
}
