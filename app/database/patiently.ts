import { sleep } from "../sleep.js";
import { waitAfter } from "./backoff.js";
import type { Log } from "./log.js";
import { DATABASE_BACKOFF } from "./retry-transient.js";
import { isTransient, meaningOf } from "./sqlstates.js";

/** How long to repeat work while the database is away. */
export interface Patience {
  readonly log?: Log;
  /** Asks to stop. */
  readonly signal?: AbortSignal;
  /** How long to go on after the first failure; {@link PATIENCE_MS} if not given, 0 for one attempt. */
  readonly patienceMs?: number;
  /** No attempt starts after this instant on the scale of performance.now(). */
  readonly deadlineMs?: number;
}

/**
 * How long a worker tries to reach a database that is away. Its leases have ended by then, and another worker takes
 * over.
 */
export const PATIENCE_MS = 10 * 60_000;

/** An operator or vacuum makes space, and neither is fast. */
export const DISK_FULL_WAIT_MS = 10_000;

/**
 * Repeats `attempt` while the database is away, has no space, or another session holds a lock that it needs. The time
 * that the first attempt took does not count: after minutes of work and a lost connection, another attempt is still
 * worth it.
 * @throws the last error, or the signal's reason.
 */
export async function patiently<T>(patience: Patience, attempt: () => Promise<T>): Promise<T> {
  const { log, signal, patienceMs = PATIENCE_MS } = patience;
  let { deadlineMs = Number.POSITIVE_INFINITY } = patience;
  for (let failures = 1; ; failures += 1) {
    signal?.throwIfAborted();
    try {
      return await attempt();
    } catch (error) {
      const meaning = meaningOf(error);
      const full = meaning === "full";
      if (!isTransient(error) && !full && meaning !== "locked") throw error;
      const waitMs = full ? DISK_FULL_WAIT_MS : waitAfter(failures, DATABASE_BACKOFF);
      const nowMs = performance.now();
      deadlineMs = Math.min(deadlineMs, nowMs + patienceMs);
      if (nowMs + waitMs >= deadlineMs) throw error;
      if (full) log?.warn({ error: (error as Error).message }, "waiting for space on the database's disk");
      // The first tries are routine, and a database that is away for minutes needs no line for each second.
      else if (failures % 10 === 5) log?.warn({ error: (error as Error).message }, "waiting for the database");
      await sleep(waitMs, signal);
    }
  }
}
