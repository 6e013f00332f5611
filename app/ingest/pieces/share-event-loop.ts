import { setImmediate as nextTurn } from "node:timers/promises";

/** A turn costs microseconds, and the longest slice of lines some milliseconds. */
const LONGEST_MS = 10;

/**
 * The same bytes, in chunks of at most `mostBytes`, between which timers and connections have their turn. Bytes that
 * are in memory, or are unpacked from a few that are, would be worked on to their end without one: leases would run out
 * meanwhile, and the worker could not be told to stop.
 */
export async function* shareEventLoop(
  chunks: AsyncIterable<Buffer>,
  mostBytes = Number.POSITIVE_INFINITY,
): AsyncIterable<Buffer> {
  let sinceMs = performance.now();
  for await (const chunk of chunks) {
    for (let at = 0; at < chunk.length; at += mostBytes) {
      yield chunk.subarray(at, at + mostBytes);
      if (performance.now() - sinceMs < LONGEST_MS) continue;
      await nextTurn();
      sinceMs = performance.now();
    }
  }
}
