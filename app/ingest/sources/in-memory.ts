import type { SourceObject } from "./source.js";

/**
 * The same object with its bytes in memory, so that they are asked for once, however often they are looked at.
 * @param object small, and one that can be read in ranges.
 * @throws as {@link SourceObject.read}
 */
export async function inMemory(object: SourceObject, signal: AbortSignal): Promise<SourceObject> {
  const chunks: Buffer[] = [];
  for await (const chunk of object.read(0, object.bytes, signal)) chunks.push(Buffer.from(chunk));
  const content = Buffer.concat(chunks);
  const { name, location, channel, identity, bytes, ranges, repeatable } = object;
  return {
    ...{ name, location, channel, identity, bytes, ranges, repeatable },
    async *read(from, to) {
      const part = content.subarray(from, to ?? content.length);
      if (part.length > 0) yield part;
    },
    verify: () => object.verify(),
  };
}
