import { randomBytes } from "node:crypto";
import zlib from "node:zlib";
import { expect } from "chai";
import { countBadLines, readBadLines } from "../../../app/batches/reported-lines.js";
import { ingestSource } from "../../../app/ingest/ingest-source.js";
import { createDatabase, type TestDatabase } from "../../kit/database.js";
import { skipBecause } from "../../kit/skip.js";
import { compressZstd, NO_ZSTD } from "./compress-zstd.js";
import { bringPlaces, createFolder, type Folder, HEADER, only, readTotals, someLines } from "./setup.js";

const PIECE_BYTES = 4_096;
const lines = someLines(1_000);
/** Number of a line far enough behind the header to be in another piece. */
const BAD_LINE = 702;

describe("a delivery that cannot be loaded", () => {
  let database: TestDatabase;
  let folder: Folder;

  before(async () => {
    database = await createDatabase();
    folder = await createFolder();
    await bringPlaces(database.pool);
  });
  after(async () => {
    await folder.remove();
    await database.drop();
  });

  async function expectNothingLeft(): Promise<void> {
    expect(await readTotals(database.pool)).to.deep.equal({
      visible: { rows: 0, sum: 0 },
      stored: { rows: 0, sum: 0 },
      dead: 0,
    });
  }

  const withLine = (bad: string | Buffer) =>
    Buffer.concat(
      [
        `${HEADER}\n${lines.slice(0, BAD_LINE - 2).join("\n")}\n`,
        bad,
        `\n${lines.slice(BAD_LINE - 2).join("\n")}\n`,
      ].map((part) => Buffer.from(part as string)),
    );

  const whole = withLine(lines[0] as string);

  for (const [name, bad, column, reason] of [
    ["unknown port", "XXXXX,NLRTM,2024-02-01,5", "orig_code", "unknown port"],
    ["region", "CNSGH,europe,2024-02-01,5", "dest_code", "unknown port"],
    ["bad date", "CNSGH,NLRTM,2024-02-32,5", "day", "not a date like 2021-01-31"],
    ["no such day", "CNSGH,NLRTM,2023-02-29,5", "day", "a day that does not exist"],
    ["negative price", "CNSGH,NLRTM,2024-02-01,-5", "price", "negative"],
    ["price of zero", "CNSGH,NLRTM,2024-02-01,0", "price", "zero"],
    ["fractional price", "CNSGH,NLRTM,2024-02-01,5.5", "price", "not a whole number"],
    ["overflowing price", "CNSGH,NLRTM,2024-02-01,2147483648", "price", "over 2147483647"],
    ["missing column", "CNSGH,NLRTM,2024-02-01", null, "a column is missing"],
    ["extra column", "CNSGH,NLRTM,2024-02-01,5,6", null, "a column too many"],
    ["broken quotes", 'CNSGH,"NLRTM,2024-02-01,5', null, "a quote that is not closed on its line"],
    ["invalid UTF-8", Buffer.from([0x43, 0xc3, 0x28]), null, "not valid UTF-8"],
    ["NUL", "CNSGH,NLRTM,2024-02-01,5\0", null, "a NUL byte"],
    ["line over 1 MiB", "9".repeat(1024 * 1024 + 1), null, "longer than 1 MiB"],
  ] as const) {
    for (const packed of [false, true]) {
      it(`names the line: ${name}${packed ? ", gzip" : ""}`, async () => {
        const file = `${name}.csv${packed ? ".gz" : ""}`;
        const content = withLine(bad);
        const path = await folder.write(file, packed ? zlib.gzipSync(content) : content);
        const report = only(await ingestSource({ database, source: path, pieceBytes: PIECE_BYTES }));
        expect(report).to.include({ state: "failed", failure: "1 bad line.", rejected: 1 });
        const shown = bad
          .toString()
          .replace("\0", "\\u{0}")
          .replace(/^(.{200}).+$/, "$1…");
        expect(await readBadLines(database, report.batchId, 1_000)).to.deep.equal([
          { file, piece: null, line: BAD_LINE, column, reason, content: shown },
        ]);
        expect(await countBadLines(database, report.batchId)).to.deep.equal([
          { reason: column === null ? reason : `${column}: ${reason}`, count: 1 },
        ]);
        await expectNothingLeft();
      });
    }
  }

  for (const [name, content, failure, column] of [
    ["an empty file", "", /^x\.csv, line 1: it is empty\.$/, null],
    ["a byte order mark alone", "\ufeff", /^x\.csv, line 1: it is empty\.$/, null],
    ["a header alone", `${HEADER}\n`, /^It holds no prices\.$/, undefined],
    ["empty lines alone", `${HEADER}\n\n\r\n`, /^It holds no prices\.$/, undefined],
    ["no header", `${lines.join("\n")}\n`, /line 1: the header must be .*; it has no column orig_code,/, "orig_code"],
    ["a missing column", "orig_code,dest_code,price\nCNSGH,NLRTM,5\n", /it has no column day\.$/, "day"],
    ["an extra column", `${HEADER},note\n`, /it has unknown column "note"\.$/, "note"],
    ["a column twice", "orig_code,dest_code,day,price,price\n", /it has column price twice\.$/, "price"],
    ["binary data", randomBytes(100_000).fill(0x80, 0, 5), /line 1: the header cannot be read: /, null],
    ["one endless line", "x".repeat(3 * 1024 * 1024), /line 1: the header .*longer than 1 MiB/, null],
    ["truncated gzip", zlib.gzipSync(whole).subarray(0, -1_000), /ends in the middle of its gzip data\.$/, undefined],
    [
      "gzip whose second member is truncated",
      Buffer.concat([
        zlib.gzipSync(whole.subarray(0, 5_000)),
        zlib.gzipSync(whole.subarray(5_000)).subarray(0, -1_000),
      ]),
      /ends in the middle of its gzip data\.$/,
      undefined,
    ],
    [
      "gzip with zeros behind it, and then text",
      Buffer.concat([zlib.gzipSync(whole), Buffer.alloc(512), whole]),
      /is damaged: its gzip data cannot be read/,
      undefined,
    ],
    ["damaged gzip", damaged(zlib.gzipSync(whole)), /is damaged: its gzip data cannot be read/, undefined],
    [
      "zstd that wants 16 MiB to be unpacked",
      Buffer.from("28b52ffd0070010000", "hex"),
      /^x\.csv cannot be unpacked: its zstd window is over 8 MiB; pack it without --long and --ultra\.$/,
      undefined,
    ],
    [
      "zstd that unpacks to something else than was packed",
      withChecksum(`${HEADER}\n${lines[0]}\n`, 0),
      /^x\.csv is damaged: .* \(its checksum is not that of its content\)\.$/,
      undefined,
    ],
    [
      "zstd that unpacks to fewer bytes than were packed",
      Buffer.from("28b52ffd2006290000616263640a", "hex"),
      /^x\.csv is damaged: .* \(its size is not that of its content\)\.$/,
      undefined,
    ],
    [
      "zstd with something behind it",
      Buffer.from("28b52ffd200001000041424344454647484950", "hex"),
      /^x\.csv is damaged: its zstd data cannot be read \(the data behind a frame is not a frame\)\.$/,
      undefined,
    ],
  ] as const) {
    it(`fails as a whole: ${name}`, async () => {
      const path = await folder.write("x.csv", content);
      const report = only(
        await ingestSource({ database, source: path, feed: name, pieceBytes: PIECE_BYTES, maxBadRows: 10 }),
      );
      expect(report.state).to.equal("failed");
      expect(report.failure).to.match(failure);
      const bad = await readBadLines(database, report.batchId, 10);
      if (column === undefined) expect(bad).to.deep.equal([]);
      else expect(bad.map((line) => [line.line, line.column])).to.deep.equal([[1, column]]);
      await expectNothingLeft();
    });
  }

  for (const [name, cut] of [
    ["zstd", (frame: Buffer) => frame.subarray(0, -1_000)],
    ["zstd in its last byte", (frame: Buffer) => frame.subarray(0, -1)],
    ["zstd whose second frame", (frame: Buffer) => Buffer.concat([frame, frame.subarray(0, 1_000)])],
    ["zstd whose second header", (frame: Buffer) => Buffer.concat([frame, frame.subarray(0, 5)])],
  ] as const) {
    it(`publishes nothing of a truncated file: ${name}`, async function () {
      const frame = await compressZstd(whole);
      if (frame === undefined) skipBecause(this, NO_ZSTD);
      const source = await folder.write("x.csv.zst", cut(frame));
      const report = only(await ingestSource({ database, source, feed: name, pieceBytes: PIECE_BYTES }));
      expect(report.state).to.equal("failed");
      expect(report.failure).to.equal("x.csv.zst ends in the middle of its zstd data.");
      await expectNothingLeft();
    });
  }

  it("checks the rest of the file, tells the first thousand bad lines in order and counts all", async () => {
    const bad = lines.flatMap((line, index) => [
      line,
      index % 2 === 0 ? "CNSGH,NLRTM,2024-02-30,5" : "CNSGH,NLRTM,2024-02-01,0",
      "x",
    ]);
    const path = await folder.write("many.csv", `${HEADER}\n${bad.join("\n")}\n`);
    const report = only(await ingestSource({ database, source: path, pieceBytes: PIECE_BYTES }));
    expect(report).to.include({ state: "failed", failure: "2000 bad lines.", rejected: 2_000 });
    const told = await readBadLines(database, report.batchId, 1_000);
    expect(told).to.have.length(1_000);
    const expected = bad.flatMap((_, index) => (index % 3 === 0 ? [] : [index + 2])).slice(0, 1_000);
    expect(told.map((line) => line.line)).to.deep.equal(expected);
    expect(await countBadLines(database, report.batchId)).to.deep.equal([
      { reason: "a column is missing", count: 1_000 },
      { reason: "day: a day that does not exist", count: 500 },
      { reason: "price: zero", count: 500 },
    ]);
    await expectNothingLeft();
  });
});

function damaged(bytes: Buffer): Buffer {
  const copy = Buffer.from(bytes);
  const middle = Math.floor(copy.length / 2);
  copy.fill(0xff, middle, middle + 50);
  return copy;
}

/** A zstd frame with one block that is not compressed, and with the given checksum. */
function withChecksum(text: string, checksum: number): Buffer {
  const frame = Buffer.from(`28b52ffd2400000000${Buffer.from(text).toString("hex")}00000000`, "hex");
  frame.writeUInt8(text.length, 5);
  frame.writeUIntLE((text.length << 3) | 1, 6, 3);
  frame.writeUInt32LE(checksum, frame.length - 4);
  return frame;
}
