import zlib from "node:zlib";

/** Of every chunk a buffer is made; larger ones only wait longer to be collected. */
const CHUNK_BYTES = 64 * 1024;

/**
 * Reads every member of gzip data to its very end. Node's own decompressor reads members that follow each other, fast
 * however small they are, but takes a zero byte behind one for the end and drops all that follows: of files that were
 * padded to blocks and then put together, only the first would be published. So what follows zeros is given to a new
 * decompressor, which takes nothing but another member.
 */
export async function* unpackGzip(chunks: AsyncIterable<Buffer>): AsyncIterable<Buffer> {
  const input = chunks[Symbol.asyncIterator]();
  try {
    for (let chunk = await nextOf(input); chunk !== null; ) {
      const rest: Buffer | null = yield* unpackMembers(chunk, input);
      chunk = await skipZeros(rest, input);
    }
  } finally {
    // Not waited for: a source that is silent would keep one that needs no more of it.
    input.return?.().catch(() => {});
  }
}

/** Members up to a zero byte behind one, where what is left of the last chunk begins; null at the end of the input. */
async function* unpackMembers(first: Buffer, input: AsyncIterator<Buffer>): AsyncGenerator<Buffer, Buffer | null> {
  const gunzip = zlib.createGunzip({ chunkSize: CHUNK_BYTES });
  let last = first;
  let given = 0;
  const give = async () => {
    for (let chunk: Buffer | null = first; chunk !== null; chunk = await nextOf(input)) {
      last = chunk;
      given += chunk.length;
      await new Promise((resolve) => gunzip.write(chunk, resolve));
      if (gunzip.bytesWritten < given) return;
    }
    gunzip.end();
  };
  give().catch((error) => gunzip.destroy(error));
  yield* gunzip;
  return gunzip.bytesWritten < given ? last.subarray(gunzip.bytesWritten - given) : null;
}

/** From the first byte on that is not zero; null if none follows. */
async function skipZeros(rest: Buffer | null, input: AsyncIterator<Buffer>): Promise<Buffer | null> {
  for (let chunk = rest; chunk !== null; chunk = await nextOf(input)) {
    const at = chunk.findIndex((byte) => byte !== 0);
    if (at !== -1) return chunk.subarray(at);
  }
  return null;
}

async function nextOf(input: AsyncIterator<Buffer>): Promise<Buffer | null> {
  const next = await input.next();
  return next.done ? null : next.value;
}
