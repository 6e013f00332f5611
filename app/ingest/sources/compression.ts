import { SourceError } from "./source-error.js";
import { unpackGzip } from "./unpack-gzip.js";
import { unpackZstd } from "./unpack-zstd.js";
import { beginsZstd, LargeWindowError } from "./zstd-frame.js";

/** The compressions that can be read. */
export type Compression = "gzip" | "zstd";

/** First bytes of a source that show its compression. Names and headers are not used, because they are often wrong. */
export const MAGIC_BYTES = 4;
const GZIP = Buffer.from([0x1f, 0x8b]);

/**
 * The compression of an object; null if it is not compressed.
 * @param head the first bytes of the object, at least {@link MAGIC_BYTES} if it has so many.
 */
export function compressionOf(head: Buffer): Compression | null {
  if (head.subarray(0, GZIP.length).equals(GZIP)) return "gzip";
  if (head.length >= MAGIC_BYTES && beginsZstd(head.readUInt32LE(0))) return "zstd";
  return null;
}

/**
 * Decompresses the chunks of a source as they arrive. Returns the chunks unchanged if they are not compressed.
 * @param name the source, for messages.
 * @throws {SourceError} for damaged or truncated data.
 * @throws the error of `chunks`.
 */
export async function* decompress(
  name: string,
  chunks: AsyncIterable<Buffer>,
  compression: Compression | null,
): AsyncIterable<Buffer> {
  if (compression === null) {
    yield* chunks;
    return;
  }
  let sourceError: unknown;
  const input = copies(chunks, (error) => {
    sourceError = error;
  });
  try {
    yield* compression === "gzip" ? unpackGzip(input) : unpackZstd(input);
  } catch (error) {
    if (sourceError !== undefined) throw sourceError;
    throw new SourceError(describe(name, compression, error as Error), { cause: error });
  }
}

function describe(name: string, compression: Compression, error: Error): string {
  if (error instanceof LargeWindowError) return `${name} cannot be unpacked: ${error.message}.`;
  if (/^unexpected (end of file|EOF)$/.test(error.message)) {
    return `${name} ends in the middle of its ${compression} data.`;
  }
  return `${name} is damaged: its ${compression} data cannot be read (${error.message}).`;
}

/**
 * Copies of the chunks. A source may write over a chunk when it is asked for the next; but a stream reads ahead, and
 * the decompressor of zstd keeps parts of earlier chunks.
 */
async function* copies(chunks: AsyncIterable<Buffer>, onError: (error: unknown) => void): AsyncIterable<Buffer> {
  try {
    for await (const chunk of chunks) yield Buffer.from(chunk);
  } catch (error) {
    onError(error);
    throw error;
  }
}
