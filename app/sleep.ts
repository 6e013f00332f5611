import { setTimeout } from "node:timers/promises";

/**
 * Waits.
 * @throws the signal's reason as soon as the signal is aborted. (The timer of Node.js would throw a general
 * AbortError.)
 */
export async function sleep(ms: number, signal?: AbortSignal): Promise<void> {
  try {
    await setTimeout(ms, undefined, signal ? { signal } : {});
  } catch (error) {
    signal?.throwIfAborted();
    throw error;
  }
}
