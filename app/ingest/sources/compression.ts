import { pipeline, Readable, type Transform } from "node:stream";
import zlib from "node:zlib";
import { SourceError } from "../ingest-error.js";
import { createZstdDecompress } from "./zstd-decompress.js";
import { LargeWindowError } from "./zstd-frame.js";

export type Compression = "gzip" | "zstd";

/** Bytes that tell a compression from text; no name or header is asked, because both are often wrong. */
export const MAGIC_BYTES = 4;
const GZIP = Buffer.from([0x1f, 0x8b]);
const ZSTD = Buffer.from([0x28, 0xb5, 0x2f, 0xfd]);

/** @param head the first bytes of an object, at least {@link MAGIC_BYTES} if it has so many. */
export function compressionOf(head: Buffer): Compression | null {
  if (head.subarray(0, GZIP.length).equals(GZIP)) return "gzip";
  if (head.subarray(0, ZSTD.length).equals(ZSTD)) return "zstd";
  return null;
}

/** Of every chunk a buffer is made; larger ones only wait longer to be collected. */
const CHUNK_BYTES = 64 * 1024;

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
  const transform = await createTransform(compression);
  let sourceError: unknown;
  const input = Readable.from(copies(chunks), { objectMode: false, highWaterMark: CHUNK_BYTES });
  input.on("error", (error) => {
    sourceError = error;
  });
  pipeline(input, transform, () => {});
  try {
    yield* transform as AsyncIterable<Buffer>;
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

/** A source may write over its chunk when it is asked for the next; a stream asks ahead. */
async function* copies(chunks: AsyncIterable<Buffer>): AsyncIterable<Buffer> {
  for await (const chunk of chunks) yield Buffer.from(chunk);
}

async function createTransform(compression: Compression): Promise<Transform> {
  return compression === "gzip" ? zlib.createGunzip({ chunkSize: CHUNK_BYTES }) : createZstdDecompress();
}
