import type pg from "pg";
import { Counter, Gauge, Histogram } from "prom-client";
import { registry } from "./registry.js";

const queryDuration = new Histogram({
  name: "ratesapp_database_query_duration_seconds",
  help: "Time for one statement, retries and the wait for a connection included",
  labelNames: ["statement", "outcome"],
  buckets: [0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5],
  registers: [registry],
});

/**
 * Runs a statement and measures its time under its name. It counts as failed if it throws an error for which `failed`
 * is true.
 */
export async function observeQuery<T>(
  statement: string,
  work: () => Promise<T>,
  failed: (error: unknown) => boolean = () => true,
): Promise<T> {
  const beganAtMs = performance.now();
  let outcome = "ok";
  try {
    return await work();
  } catch (error) {
    if (failed(error)) outcome = "error";
    throw error;
  } finally {
    queryDuration.observe({ statement, outcome }, (performance.now() - beganAtMs) / 1000);
  }
}

/** Grows while a database is away or fails over, even if no request fails. */
export const queryRetries = new Counter({
  name: "ratesapp_database_retries_total",
  help: "Attempts at a statement after the first",
  registers: [registry],
});

/** Is 1 while a source (`replica` or `primary`) does not answer. */
export const sourceAway = new Gauge({
  name: "ratesapp_database_source_away",
  help: "1 while reads avoid this source because it does not answer",
  labelNames: ["source"],
  registers: [registry],
});

/** Of a host behind which are several servers, such as poolers, the one of the newest connection. */
export const certificateExpiry = new Gauge({
  name: "ratesapp_database_certificate_expiry_timestamp_seconds",
  help: "When the certificate ends that the database's server presented to the newest connection",
  labelNames: ["host"],
  registers: [registry],
});

type Counts = Pick<pg.Pool, "totalCount" | "idleCount" | "waitingCount">;

const pools = new Map<string, Counts>();

/** Shows the connections of a pool in the metrics under this name, until the returned function is called. */
export function watchPool(name: string, pool: Counts): () => void {
  pools.set(name, pool);
  return () => {
    if (pools.get(name) === pool) pools.delete(name);
  };
}

new Gauge({
  name: "ratesapp_database_pool_connections",
  help: "Connections of a pool, by state: total, idle, and waiting for the requests that wait for one",
  labelNames: ["pool", "state"],
  registers: [registry],
  collect() {
    this.reset();
    for (const [name, pool] of pools) {
      this.set({ pool: name, state: "total" }, pool.totalCount);
      this.set({ pool: name, state: "idle" }, pool.idleCount);
      this.set({ pool: name, state: "waiting" }, pool.waitingCount);
    }
  },
});
