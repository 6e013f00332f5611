import type pg from "pg";
import { openPool } from "../../database/pool.js";
import type { Logger } from "../../telemetry/logger.js";

/**
 * How many bodies an instance reads at once. One thread parses them: while it parses one body, the others wait for the
 * network.
 */
export const MOST_UPLOADS = 3;
/**
 * An upload uses up to two connections while its body is read, and an audit does so too. With fewer, uploads would wait
 * for each other.
 */
export const THREAD_CONNECTIONS = 2 * MOST_UPLOADS;
/** For the short statements that requests run themselves. */
const POOL_CONNECTIONS = 3;
/** All connections that an instance opens to the primary in order to write. */
export const WRITE_CONNECTIONS = THREAD_CONNECTIONS + POOL_CONNECTIONS;

/** Opens the pool for writes to the primary. It connects at the first write. */
export function openWritePool(databaseUrl: string, logger: Logger): pg.Pool {
  return openPool({
    url: databaseUrl,
    size: POOL_CONNECTIONS,
    applicationName: "ratesapp write",
    statementTimeoutMs: 0,
    onConnectionError: (error) => logger.debug({ error, source: "write" }, "a database connection broke"),
  });
}
