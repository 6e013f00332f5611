import { Decompress } from "fzstd";
import xxhash from "xxhash-wasm";
import { ZstdFrame } from "./zstd-frame.js";

/**
 * Decompresses every frame of zstd data, and fails if the last frame is not complete. Node's own decompressor (22.15
 * and later) is not used: it drops everything behind the first frame of a chunk, and some versions accept truncated
 * data. Of `cat a.zst b.zst`, or of a file of pzstd, only a part would be published. This decompressor is in JavaScript
 * and reaches about 200 MB/s, several times the speed at which lines are parsed. It does not check checksums and sizes,
 * so {@link ZstdFrame} does.
 *
 * A block is unpacked only when it is requested, because a chunk of a few KiB may hold gigabytes.
 * @throws an error for damaged or truncated data; {@link LargeWindowError} for a frame that needs too much memory.
 */
export async function* unpackZstd(chunks: AsyncIterable<Buffer>): AsyncIterable<Buffer> {
  const { create64 } = await xxhash();
  let frame: ZstdFrame | undefined;
  let hash = create64();
  let bytes = 0;
  let unpacked: Buffer[] = [];
  const decompressor = new Decompress((part) => {
    hash.update(part);
    bytes += part.length;
    if (part.length > 0) unpacked.push(Buffer.from(part.buffer, part.byteOffset, part.byteLength));
  });
  for await (const chunk of chunks) {
    for (let at = 0; at < chunk.length; ) {
      frame ??= new ZstdFrame();
      const end = frame.take(chunk, at);
      decompressor.push(chunk.subarray(at, end), frame.ended);
      at = end;
      if (frame.ended) {
        if (frame.checksum !== undefined && frame.checksum !== Number(hash.digest() & 0xffffffffn)) {
          throw new Error("its checksum is not that of its content");
        }
        if (frame.contentBytes !== undefined && frame.contentBytes !== bytes) {
          throw new Error("its size is not that of its content");
        }
        frame = undefined;
        hash = create64();
        bytes = 0;
      }
      yield* unpacked;
      unpacked = [];
    }
  }
  if (frame) throw new Error("unexpected EOF");
}
