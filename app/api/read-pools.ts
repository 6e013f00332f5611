import { openPool } from "../database/pool.js";
import type { ReadSourceOptions } from "../database/read-side.js";
import type { Settings } from "../settings.js";
import type { Logger } from "../telemetry/logger.js";

/** Opens the pools for reads: replicas first, then the primary. If both have the same address, it opens one pool. */
export function openReadPools(settings: Settings, logger: Logger): ReadSourceOptions[] {
  const { databaseUrl, databaseReadUrl } = settings;
  const pools: ReadSourceOptions[] = [];
  const open = (name: string, url: string) => {
    const options = {
      url,
      applicationName: "ratesapp read",
      statementTimeoutMs: settings.statementTimeoutMs,
      onConnectionError: (error: Error) => logger.debug({ error, source: name }, "a database connection broke"),
    };
    const pool = openPool({ ...options, size: settings.databasePoolSize });
    pools.push({ name, pool, polls: openPool({ ...options, size: 1 }) });
  };
  if (databaseReadUrl !== undefined && databaseReadUrl !== databaseUrl) open("replica", databaseReadUrl);
  if (databaseUrl !== undefined) open("primary", databaseUrl);
  if (pools.length === 0) throw new Error("neither databaseUrl nor databaseReadUrl is set");
  return pools;
}

/** Closes the pools of {@link openReadPools} after their last statements have ended. */
export async function closeReadPools(pools: readonly ReadSourceOptions[]): Promise<void> {
  await Promise.all(pools.flatMap(({ pool, polls }) => [pool.end(), polls.end()]));
}
