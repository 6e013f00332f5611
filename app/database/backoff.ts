/** How long to wait between attempts. */
export interface Backoff {
  readonly firstMs: number;
  readonly longestMs: number;
  /**
   * The share of a wait that is random, from 0 to 1. It keeps many clients that failed together from all trying again
   * at the same time (https://aws.amazon.com/blogs/architecture/exponential-backoff-and-jitter/).
   */
  readonly jitter: number;
}

/**
 * Milliseconds to wait after a failed attempt. Each wait is twice as long as the one before, up to `longestMs`.
 * @param attempt number of the failed attempt, from 1.
 */
export function waitAfter(attempt: number, { firstMs, longestMs, jitter }: Backoff): number {
  return Math.min(longestMs, firstMs * 2 ** (attempt - 1)) * (1 - jitter * Math.random());
}
