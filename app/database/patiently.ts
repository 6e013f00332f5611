import { sleep } from "../sleep.js";
import { waitAfter } from "./backoff.js";
import type { Log } from "./log.js";
import { DATABASE_BACKOFF } from "./retry-transient.js";
import { isTransient, meaningOf } from "./sqlstates.js";

/** How long to repeat work while the database is away. */
export interface Patience {
  readonly log?: Log;
  /** Aborted when the work has to stop. */
  readonly signal?: AbortSignal;
  /** Milliseconds to keep trying after the first failure; {@link PATIENCE_MS} if not given, 0 for one attempt. */
  readonly patienceMs?: number;
  /** No attempt starts after this instant on the scale of performance.now(). */
  readonly deadlineMs?: number;
}

/**
 * How long a worker tries to reach a database that is away. By then its leases have ended, and another worker continues
 * its work.
 */
export const PATIENCE_MS = 10 * 60_000;

/** An operator or vacuum has to free space, and both take a while. */
export const DISK_FULL_WAIT_MS = 10_000;

/**
 * Repeats `attempt` while the database is away or has no space, or while another session holds a needed lock. The time
 * of the first attempt does not count against the patience: after minutes of work and a lost connection, another
 * attempt is still useful.
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
      // A few retries are normal. If the database is away for minutes, a line for each second would be too many.
      else if (failures % 10 === 5) log?.warn({ error: (error as Error).message }, "waiting for the database");
      await sleep(waitMs, signal);
    }
  }
}
