import { setTimeout as sleep } from "node:timers/promises";

export interface UntilOptions {
  /** 10 s if not given: several times what a busy machine needs, as a test that passes does not wait for it. */
  readonly timeoutMs?: number;
  /** Between one look and the next; 20 ms if not given. */
  readonly everyMs?: number;
}

/**
 * Asks again and again until the answer is neither undefined nor false, and returns it. An error counts as "not yet".
 *
 * ```ts
 * await until("the server is ready", async () => (await fetch(`${adminUrl}/readyz`)).ok);
 * ```
 * @param what it waits for; a test that fails says it.
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
