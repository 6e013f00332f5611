import { expect } from "chai";
import { compressionOf, decompress } from "../../../app/ingest/sources/compression.js";
import { skipBecause } from "../../kit/skip.js";
import { compressZstd, NO_ZSTD } from "./compress-zstd.js";

const BLOCK_BYTES = 128 * 1024;

/** A block that repeats one byte. It is never the last block of a frame. */
function repeated(bytes: number): Buffer {
  const block = Buffer.alloc(4, "x");
  block.writeUIntLE(bytes * 8 + 2, 0, 3);
  return block;
}

/** The header of a frame with a window of 1 MiB. */
const START = Buffer.from("28b52ffd0050", "hex");

async function* inOne(bytes: Buffer): AsyncIterable<Buffer> {
  yield bytes;
}

describe("zstd", () => {
  it("does not fill the memory with what a few KiB hold", async () => {
    const bomb = Buffer.concat([START, ...Array.from({ length: 16_000 }, () => repeated(BLOCK_BYTES))]);
    const beforeBytes = process.memoryUsage.rss();
    let blocks = 0;
    for await (const part of decompress("bomb", inOne(bomb), "zstd")) {
      expect(part.length).to.be.at.most(BLOCK_BYTES);
      blocks += 1;
      if (blocks === 1_000) break;
    }
    expect(process.memoryUsage.rss() - beforeBytes).to.be.below(128 * 1024 * 1024);
  });

  it("refuses a block that is larger than any may be", async () => {
    let problem: unknown;
    try {
      for await (const part of decompress("large", inOne(Buffer.concat([START, repeated(2_000_000)])), "zstd")) {
        expect(part.length).to.equal(0);
      }
    } catch (error) {
      problem = error;
    }
    expect((problem as Error).message).to.match(/^large is damaged: .*a block is over 128 KiB/);
  });

  it("reads what pzstd writes: frames to be skipped before each frame", async function () {
    const frame = await compressZstd("a,b\n");
    if (frame === undefined) skipBecause(this, NO_ZSTD);
    const skipped = Buffer.from("502a4d180400000001020304", "hex");
    const file = Buffer.concat([skipped, frame, skipped, frame]);
    expect(compressionOf(file)).to.equal("zstd");
    for (const step of [1, 5, file.length]) {
      const pieces = Array.from({ length: Math.ceil(file.length / step) }, (_, index) =>
        file.subarray(index * step, (index + 1) * step),
      );
      const parts: Buffer[] = [];
      for await (const part of decompress(
        "p",
        (async function* () {
          yield* pieces;
        })(),
        "zstd",
      ))
        parts.push(Buffer.from(part));
      expect(Buffer.concat(parts).toString()).to.equal("a,b\na,b\n");
    }
  });
});
