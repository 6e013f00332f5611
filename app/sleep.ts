import { setTimeout } from "node:timers/promises";

/**
 * Waits.
 * @throws the signal's reason once it is aborted: the timer itself would only say that an operation was.
 */
export async function sleep(ms: number, signal?: AbortSignal): Promise<void> {
  try {
    await setTimeout(ms, undefined, signal ? { signal } : {});
  } catch (error) {
    signal?.throwIfAborted();
    throw error;
  }
}
