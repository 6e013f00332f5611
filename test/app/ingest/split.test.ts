import { expect } from "chai";
import fc from "fast-check";
import { cutStream } from "../../../app/ingest/pieces/cut-stream.js";
import { linesOfRange } from "../../../app/ingest/pieces/lines-of-range.js";
import type { SourceObject } from "../../../app/ingest/sources/source.js";
import { runs } from "../../kit/runs.js";

/** An object in memory. It gives its bytes in chunks of one size, and overwrites each chunk afterwards. */
function memoryObject(content: Buffer, chunkBytes: number): SourceObject {
  return {
    name: "memory",
    location: "memory",
    channel: "file",
    identity: "memory",
    bytes: content.length,
    ranges: true,
    repeatable: true,
    async *read(from, to) {
      for (let at = from; at < (to ?? content.length); at += chunkBytes) {
        const chunk = Buffer.from(content.subarray(at, Math.min(at + chunkBytes, to ?? content.length)));
        yield chunk;
        chunk.fill(0x21);
      }
    },
    async verify() {},
  };
}

async function collect(chunks: AsyncIterable<Buffer>): Promise<Buffer> {
  const copies: Buffer[] = [];
  for await (const chunk of chunks) copies.push(Buffer.from(chunk));
  return Buffer.concat(copies);
}

interface Piece {
  readonly from: number;
  readonly to: number;
  readonly lines: string;
}

async function cut(content: Buffer, chunkBytes: number, pieceBytes: number, ends?: number[]): Promise<Piece[]> {
  const pieces: Piece[] = [];
  for await (const piece of cutStream(memoryObject(content, chunkBytes).read(0, null), pieceBytes, ends)) {
    pieces.push({ from: piece.from, to: piece.to, lines: piece.lines.toString() });
    piece.release();
  }
  return pieces;
}

const anyLine = fc.oneof(
  fc.constant("CNSGH,NLRTM,2021-01-31,1234"),
  fc.string({ unit: fc.constantFrom("a", ",", '"', "é", "1"), maxLength: 40 }),
);
const content = fc.array(fc.tuple(anyLine, fc.constantFrom("\n", "\r\n")), { maxLength: 40 }).chain((lines) =>
  fc.boolean().map((ended) => {
    const text = lines.map((parts) => parts.join("")).join("");
    return Buffer.from(ended ? text : text.replace(/\r?\n$/, ""));
  }),
);
const size = fc.integer({ min: 1, max: 120 });

describe("pieces of a source", () => {
  it("hold each line once, in order, whatever the ranges", async () => {
    await fc.assert(
      fc.asyncProperty(content, size, size, async (bytes, pieceBytes, chunkBytes) => {
        const object = memoryObject(bytes, chunkBytes);
        const pieces: Buffer[] = [];
        for (let from = 0; from < bytes.length; from += pieceBytes) {
          const lines = await collect(linesOfRange(object, from, Math.min(bytes.length, from + pieceBytes)));
          if (lines.length > 0 && pieces.length > 0) {
            expect(pieces.at(-1)?.at(-1), "a piece ends with a line break").to.equal(10);
          }
          if (lines.length > 0) pieces.push(lines);
        }
        expect(Buffer.concat(pieces).toString()).to.equal(bytes.toString());
      }),
      { numRuns: runs(500) },
    );
  });

  it("hold the lines that begin in their range", async () => {
    const object = memoryObject(Buffer.from("aaaa\nbbbb\ncccc\n"), 4);
    const lines = async (from: number, to: number) => (await collect(linesOfRange(object, from, to))).toString();
    expect(await lines(0, 1)).to.equal("aaaa\n");
    expect(await lines(0, 5)).to.equal("aaaa\n");
    expect(await lines(1, 5)).to.equal("");
    expect(await lines(1, 6)).to.equal("bbbb\n");
    expect(await lines(5, 6)).to.equal("bbbb\n");
    expect(await lines(5, 11)).to.equal("bbbb\ncccc\n");
    expect(await lines(11, 15)).to.equal("");
  });

  it("of a stream hold each line once, in order, and end with a line break", async () => {
    await fc.assert(
      fc.asyncProperty(content, size, size, async (bytes, pieceBytes, chunkBytes) => {
        const lengths = bytes
          .toString()
          .split("\n")
          .map((line) => Buffer.byteLength(line) + 1);
        const limit = Math.max(pieceBytes, ...lengths);
        const pieces = await cut(bytes, chunkBytes, pieceBytes);
        expect(pieces).to.deep.equal(await cut(bytes, chunkBytes + 7, pieceBytes));
        expect(pieces.map((piece) => piece.lines).join("")).to.equal(bytes.toString());
        expect(pieces.map((piece) => piece.from)).to.deep.equal([0, ...pieces.slice(0, -1).map((piece) => piece.to)]);
        for (const piece of pieces.slice(0, -1)) expect(piece.lines).to.match(/\n$/);
        for (const piece of pieces) expect(piece.to - piece.from).to.be.at.most(limit);
      }),
      { numRuns: runs(500) },
    );
  });

  it("of a stream are the same when it is read again, also with another size", async () => {
    await fc.assert(
      fc.asyncProperty(content, size, size, size, fc.nat(), async (bytes, a, b, c, kept) => {
        const first = await cut(bytes, c, a);
        const ends = first.slice(0, kept % (first.length + 1)).map((piece) => piece.to);
        const again = await cut(bytes, b, a + (kept % 3 === 0 ? 0 : 50), ends);
        expect(again.slice(0, ends.length)).to.deep.equal(first.slice(0, ends.length));
        expect(again.map((piece) => piece.lines).join("")).to.equal(bytes.toString());
      }),
      { numRuns: runs(500) },
    );
  });

  it("of a stream let go of a line that is longer than a piece, but count its bytes", async () => {
    const MIB = 1024 * 1024;
    const bytes = Buffer.concat([Buffer.from("a\n"), Buffer.alloc(9 * MIB, 0x62), Buffer.from("\nc\nd\n")]);
    for (const pieceBytes of [4_096, 2 * MIB]) {
      const pieces = await cut(bytes, 65_536, pieceBytes);
      expect(pieces.at(-1)?.to).to.equal(bytes.length);
      const ends = pieces.map((piece) => piece.to);
      expect(await cut(bytes, 10_000, 4 * MIB, ends)).to.deep.equal(pieces);
      const lines = pieces
        .map((piece) => piece.lines)
        .join("")
        .split("\n");
      expect(lines.map((line) => line.slice(0, 1))).to.deep.equal(["a", "b", "c", "d", ""]);
      expect(lines[1]).to.have.length(MIB + 3);
    }
  });
});
