import { Decompress } from "fzstd";
import xxhash from "xxhash-wasm";
import { ZstdFrame } from "./zstd-frame.js";

/**
 * Reads every frame of zstd data, and fails where the last one is not whole. Not Node's own decompressor (22.15 and
 * later): it drops what follows the first frame of a chunk, and some versions take cut data for whole, so that `cat
 * a.zst b.zst`, or what pzstd writes, would be published in part. This one is in JavaScript: about 200 MB/s, several
 * times as fast as the lines are parsed. It looks at no checksums and sizes, hence {@link ZstdFrame}.
 *
 * Unpacks a block when it is asked for: a chunk of a few KiB may hold gigabytes.
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
