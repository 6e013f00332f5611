import type { SourceObject } from "./source.js";

/**
 * Reads an object into memory and returns it as an object that is read from there. So the source is asked only once,
 * however often the object is read.
 * @param object a small object that can be read in ranges.
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
