import { setTimeout as sleep } from "node:timers/promises";

/**
 * Asks again until the answer is neither undefined nor false, and returns it.
 * @throws after `timeoutMs`, with the reason of the last failure.
 */
export async function until<T>(
  what: string,
  timeoutMs: number,
  ask: () => Promise<T | undefined | false>,
  intervalMs = 500,
): Promise<T> {
  const limit = Date.now() + timeoutMs;
  let reason = "";
  for (;;) {
    try {
      const answer = await ask();
      if (answer !== undefined && answer !== false) return answer;
      reason = "";
    } catch (error) {
      reason = `: ${error instanceof Error ? error.message : error}`;
    }
    if (Date.now() > limit) throw new Error(`not within ${timeoutMs / 1000} s: ${what}${reason}`);
    await sleep(intervalMs);
  }
}
