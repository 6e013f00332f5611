import { setTimeout as sleep } from "node:timers/promises";

export interface UntilOptions {
  /** 10 s if not given. This is several times what a busy machine needs; a test that passes does not wait so long. */
  readonly timeoutMs?: number;
  /** Time between two attempts; 20 ms if not given. */
  readonly everyMs?: number;
}

/**
 * Calls a function again and again until its result is neither undefined nor false, and returns the result. An error
 * counts as "not yet".
 *
 * ```ts
 * await until("the server is ready", async () => (await fetch(`${adminUrl}/readyz`)).ok);
 * ```
 * @param what what the test waits for; the error message names it.
 * @throws after `timeoutMs`, with the last error as its cause.
 */
export async function until<T>(
  what: string,
  condition: () => Promise<T | undefined | false> | T | undefined | false,
  { timeoutMs = 10_000, everyMs = 20 }: UntilOptions = {},
): Promise<T> {
  const deadlineMs = performance.now() + timeoutMs;
  for (;;) {
    let cause: unknown;
    try {
      const answer = await condition();
      if (answer !== undefined && answer !== false) return answer;
    } catch (error) {
      cause = error;
    }
    if (performance.now() > deadlineMs) {
      const reason = cause === undefined ? "" : `: ${cause instanceof Error ? cause.message : cause}`;
      throw new Error(`not within ${timeoutMs} ms: ${what}${reason}`, { cause });
    }
    await sleep(everyMs);
  }
}
