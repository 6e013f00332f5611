import { SourceError } from "./source-error.js";
import { unpackGzip } from "./unpack-gzip.js";
import { unpackZstd } from "./unpack-zstd.js";
import { beginsZstd, LargeWindowError } from "./zstd-frame.js";

export type Compression = "gzip" | "zstd";

/** Bytes that tell a compression from text; no name or header is asked, because both are often wrong. */
export const MAGIC_BYTES = 4;
const GZIP = Buffer.from([0x1f, 0x8b]);

/** @param head the first bytes of an object, at least {@link MAGIC_BYTES} if it has so many. */
export function compressionOf(head: Buffer): Compression | null {
  if (head.subarray(0, GZIP.length).equals(GZIP)) return "gzip";
  if (head.length >= MAGIC_BYTES && beginsZstd(head.readUInt32LE(0))) return "zstd";
  return null;
}

/**
 * The bytes within, as they come; chunks as they are if they are not compressed.
 * @throws {SourceError} for damaged or truncated data.
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
 * A source may write over its chunk when it is asked for the next; a stream asks ahead, and zstd keeps what is open.
 */
async function* copies(chunks: AsyncIterable<Buffer>, onError: (error: unknown) => void): AsyncIterable<Buffer> {
  try {
    for await (const chunk of chunks) yield Buffer.from(chunk);
  } catch (error) {
    onError(error);
    throw error;
  }
}
