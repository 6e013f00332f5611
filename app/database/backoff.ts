/** How the waits between attempts grow. */
export interface Backoff {
  readonly firstMs: number;
  readonly longestMs: number;
  /**
   * The random part of a wait, 0 to 1, so that many clients that failed together do not all try again together
   * (https://aws.amazon.com/blogs/architecture/exponential-backoff-and-jitter/).
   */
  readonly jitter: number;
}

/**
 * How long to wait, in milliseconds: twice as long after each failed attempt.
 * @param attempt the number of the one that failed, from 1.
 */
export function waitAfter(attempt: number, { firstMs, longestMs, jitter }: Backoff): number {
  return Math.min(longestMs, firstMs * 2 ** (attempt - 1)) * (1 - jitter * Math.random());
}
