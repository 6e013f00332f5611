import { type Backoff, waitAfter } from "../../database/backoff.js";
import { sleep } from "../../sleep.js";

/** Attempts at a request to a source; more are made by those who load a piece. */
export const ATTEMPTS = 4;
const BACKOFF: Backoff = { firstMs: 500, longestMs: 4_000, jitter: 0.5 };

/** @param attempt the number of the one that failed, from 1. */
export async function waitAfterAttempt(attempt: number, signal?: AbortSignal): Promise<void> {
  await sleep(waitAfter(attempt, BACKOFF), signal);
}
