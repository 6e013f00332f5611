import { MAX_LINE_BYTES } from "../parse/limits.js";
import type { SourceObject } from "../sources/source.js";

const LINE_FEED = 10;
/** Bytes of each request for the end of the last line of a range: a few hundred ordinary lines. */
const OVERLAP_BYTES = 16 * 1024;

/**
 * The lines that begin at or after `from` and before `to`. Neighbouring ranges give each line exactly once, so ranges
 * can be planned without reading the file. A range that begins in the middle of a line leaves this line to the range
 * before, which reads past its own end to finish the line. Verifies the object at the end.
 * @throws as {@link SourceObject.read}
 */
export async function* linesOfRange(
  object: SourceObject,
  from: number,
  to: number,
  signal?: AbortSignal,
): AsyncIterable<Buffer> {
  // If the byte before the range is a line break, a line begins with the range.
  let skipping = from > 0;
  let lastByte = LINE_FEED;
  for await (const chunk of object.read(Math.max(0, from - 1), to, signal)) {
    let lines = chunk;
    if (skipping) {
      const end = chunk.indexOf(LINE_FEED);
      if (end === -1) continue;
      skipping = false;
      lines = chunk.subarray(end + 1);
    }
    if (lines.length > 0) {
      lastByte = lines[lines.length - 1] as number;
      yield lines;
    }
  }
  if (!skipping && lastByte !== LINE_FEED) yield* restOfLine(object, to, signal);
  await object.verify();
}

async function* restOfLine(object: SourceObject, to: number, signal?: AbortSignal): AsyncIterable<Buffer> {
  const end = object.bytes ?? Number.POSITIVE_INFINITY;
  // A line over 1 MiB is refused, however long it is, so its end need not be found.
  for (let at = to; at < end && at - to <= MAX_LINE_BYTES + OVERLAP_BYTES; at += OVERLAP_BYTES) {
    for await (const chunk of object.read(at, Math.min(end, at + OVERLAP_BYTES), signal)) {
      const found = chunk.indexOf(LINE_FEED);
      if (found !== -1) {
        yield chunk.subarray(0, found + 1);
        return;
      }
      yield chunk;
    }
  }
}
