import { setImmediate as nextTurn } from "node:timers/promises";

/**
 * Time after which others have their turn. Giving a turn costs microseconds; the longest slice of lines takes some
 * milliseconds.
 */
const LONGEST_MS = 10;

/**
 * The same bytes, in chunks of at most `mostBytes`. Between the chunks, timers and connections have their turn. Without
 * this, a worker would process bytes from memory, or bytes that are unpacked from few, to their end without a break:
 * its leases would run out, and it could not be told to stop.
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
