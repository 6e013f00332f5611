import zlib from "node:zlib";

/**
 * Bytes of a decompressed chunk. Each chunk is a new buffer; larger buffers would only wait longer for garbage
 * collection.
 */
const CHUNK_BYTES = 64 * 1024;

/**
 * Decompresses every member of gzip data, to the very end. Node's own decompressor reads members that follow each
 * other, and is fast however small they are. But it takes a zero byte behind a member for the end, and drops everything
 * after it: of files that were padded to whole blocks and then joined, only the first would be published. So the data
 * behind zeros goes to a new decompressor, which accepts only another member.
 * @throws an error of zlib for damaged or truncated data.
 */
export async function* unpackGzip(chunks: AsyncIterable<Buffer>): AsyncIterable<Buffer> {
  const input = chunks[Symbol.asyncIterator]();
  try {
    for (let chunk = await nextOf(input); chunk !== null; ) {
      const rest: Buffer | null = yield* unpackMembers(chunk, input);
      chunk = await skipZeros(rest, input);
    }
  } finally {
    // Does not wait: a silent source would hold up a reader that needs no more of it.
    input.return?.().catch(() => {});
  }
}

/**
 * Decompresses members up to a zero byte behind one of them. Returns the rest of the last chunk from that zero byte on;
 * null at the end of the input.
 */
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

/** The input from its next byte that is not zero; null if there is none. */
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
