import type pg from "pg";
import { openPool } from "../../database/pool.js";
import type { Logger } from "../../telemetry/logger.js";

/**
 * Bodies that an instance reads at once. One thread parses them; while it parses one, the others wait for the
 * network.
 */
export const MOST_UPLOADS = 3;
/** A body takes up to two while it is read, and so does an audit. With fewer, uploads would wait for each other. */
export const THREAD_CONNECTIONS = 2 * MOST_UPLOADS;
/** For the statements of requests themselves, which are short. */
const POOL_CONNECTIONS = 3;
/** All connections of an instance to the primary that are for writing. */
export const WRITE_CONNECTIONS = THREAD_CONNECTIONS + POOL_CONNECTIONS;

/** Connections to the primary, on which batches are written; the first is made by the first write. */
export function openWritePool(databaseUrl: string, logger: Logger): pg.Pool {
  return openPool({
    url: databaseUrl,
    size: POOL_CONNECTIONS,
    applicationName: "ratesapp write",
    statementTimeoutMs: 0,
    onConnectionError: (error) => logger.debug({ error, source: "write" }, "a database connection broke"),
  });
}
