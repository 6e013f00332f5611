import { sleep } from "../sleep.js";
import { type Backoff, waitAfter } from "./backoff.js";
import { isTransient } from "./sqlstates.js";

/** Until when to repeat, and a callback. */
export interface RetryOptions {
  /**
   * No attempt starts after this instant on the scale of performance.now(). The system clock is not used because it may
   * be changed.
   */
  readonly deadlineMs: number;
  readonly signal?: AbortSignal;
  /** Called before each wait. */
  readonly onRetry?: (error: unknown, attempt: number) => void;
}

/** Waits between attempts at a database that may be back at any moment. */
export const DATABASE_BACKOFF: Backoff = { firstMs: 50, longestMs: 1_000, jitter: 1 };

/**
 * Runs `attempt` until it succeeds, fails with an error that is not transient, or the deadline passes. It must be safe
 * to repeat.
 * @throws the last error.
 */
export async function retryTransient<T>(attempt: () => Promise<T>, options: RetryOptions): Promise<T> {
  for (let count = 1; ; count += 1) {
    try {
      return await attempt();
    } catch (error) {
      const waitMs = waitAfter(count, DATABASE_BACKOFF);
      if (!isTransient(error) || performance.now() + waitMs >= options.deadlineMs) throw error;
      options.onRetry?.(error, count);
      await sleep(waitMs, options.signal);
    }
  }
}
