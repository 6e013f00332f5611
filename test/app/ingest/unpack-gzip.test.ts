import { createHook } from "node:async_hooks";
import zlib from "node:zlib";
import { expect } from "chai";
import { decompress } from "../../../app/ingest/sources/compression.js";
import { SourceError } from "../../../app/ingest/sources/source-error.js";

const first = zlib.gzipSync("a,b\n1,2\n");
const second = zlib.gzipSync("3,4\n", { level: 0 });
const zeros = Buffer.alloc(512);

async function unpack(bytes: Buffer, step: number): Promise<string> {
  async function* chunks() {
    for (let at = 0; at < bytes.length; at += step) yield bytes.subarray(at, at + step);
  }
  let text = "";
  for await (const part of decompress("x.gz", chunks(), "gzip")) text += part;
  return text;
}

/** Chunks that end before, in and behind headers, members and padding. */
const stepsOf = (bytes: Buffer) => [1, 7, first.length - 1, first.length, first.length + 1, 100, bytes.length];

describe("gzip", () => {
  for (const [name, parts] of [
    ["members that follow each other", [first, second]],
    ["zeros between members", [first, zeros, second]],
    ["zeros between members and at the end", [first, zeros, second, zeros]],
    ["a zero before each member", [first, zeros.subarray(0, 1), zlib.gzipSync(""), zeros.subarray(0, 1), second]],
  ] as const) {
    it(`is read to its end: ${name}`, async () => {
      const bytes = Buffer.concat(parts);
      for (const step of stepsOf(bytes)) expect(await unpack(bytes, step), `${step}`).to.equal("a,b\n1,2\n3,4\n");
    });
  }

  const damaged = (member: Buffer) => Buffer.from(member).fill(0xff, member.length - 8, member.length - 4);
  for (const [name, parts, failure] of [
    ["text behind a member", [first, Buffer.from("3,4\n")], /^x\.gz is damaged: .*incorrect header check/],
    ["text behind zeros", [first, zeros, Buffer.from("3,4\n")], /^x\.gz is damaged: .*incorrect header check/],
    ["text behind the last zeros", [first, zeros, second, zeros, Buffer.from("5,6\n")], /is damaged/],
    ["a byte behind a member", [first, Buffer.from([1])], /ends in the middle|is damaged/],
    ["a byte behind zeros", [first, zeros, Buffer.from([1])], /ends in the middle|is damaged/],
    ["half of a member behind zeros", [first, zeros, second.subarray(0, -5)], /ends in the middle of its gzip data/],
    ["the beginning of a header", [first, zeros, second.subarray(0, 1)], /ends in the middle of its gzip data/],
    ["a damaged member behind zeros", [first, zeros, damaged(second)], /is damaged: .*incorrect data check/],
    ["zstd behind zeros", [first, zeros, Buffer.from("28b52ffd2000010000", "hex")], /is damaged/],
  ] as const) {
    it(`is damaged: ${name}`, async () => {
      const bytes = Buffer.concat(parts);
      for (const step of stepsOf(bytes)) {
        const failed = await unpack(bytes, step).catch((error: unknown) => error);
        expect(failed, `${step}`).to.be.instanceOf(SourceError);
        expect((failed as Error).message).to.match(failure);
      }
    });
  }

  it("makes one decompressor for any number of small members, or bgzip's blocks would be slow", async () => {
    const text = "CNSGH,NLRTM,2026-10-01,1000\n".repeat(1_000);
    const members: Buffer[] = [];
    for (let at = 0; at < text.length; at += 100) members.push(zlib.gzipSync(text.slice(at, at + 100)));
    let made = 0;
    const hook = createHook({
      init(_id, type) {
        if (type === "ZLIB") made += 1;
      },
    }).enable();
    try {
      for (const step of [99, 256 * 1024]) expect(await unpack(Buffer.concat(members), step)).to.equal(text);
    } finally {
      hook.disable();
    }
    expect(made).to.equal(2);
  });
});
