import { sleep } from "../../sleep.js";

/** Attempts at a request to a source; more are made by those who load a piece. */
export const ATTEMPTS = 4;
const FIRST_WAIT_MS = 250;

/** @param attempt the number of the one that failed, from 1. */
export async function waitAfterAttempt(attempt: number, signal?: AbortSignal): Promise<void> {
  await sleep(FIRST_WAIT_MS * 2 ** attempt * (0.5 + Math.random() / 2), signal);
}
