import { type Backoff, waitAfter } from "../../database/backoff.js";
import { sleep } from "../../sleep.js";

/** Attempts at one request to a source. A worker that loads a piece makes more attempts of its own. */
export const ATTEMPTS = 4;
const BACKOFF: Backoff = { firstMs: 500, longestMs: 4_000, jitter: 0.5 };

/**
 * Waits after a failed attempt, each time longer.
 * @param attempt number of the attempt that failed, from 1.
 * @throws the signal's reason when the signal aborts.
 */
export async function waitAfterAttempt(attempt: number, signal?: AbortSignal): Promise<void> {
  await sleep(waitAfter(attempt, BACKOFF), signal);
}
