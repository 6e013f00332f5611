import { copyFile, mkdir, readFile, rename, rm, symlink, utimes, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { Readable } from "node:stream";
import { setTimeout as sleep } from "node:timers/promises";
import zlib from "node:zlib";
import { expect } from "chai";
import { failBatch, STOPPED } from "../../../app/batches/fail.js";
import { readRejects } from "../../../app/batches/rejects.js";
import { retractBatch } from "../../../app/batches/retract.js";
import { writeOutput } from "../../../app/commands/write-output.js";
import {
  type BatchReport,
  DeliveriesError,
  type IngestOptions,
  ingestSource,
} from "../../../app/ingest/ingest-source.js";
import { PortsMissingError } from "../../../app/ingest/load/load-error.js";
import { openSource } from "../../../app/ingest/sources/open-source.js";
import { openPipeSource } from "../../../app/ingest/sources/pipe-source.js";
import { SourceError } from "../../../app/ingest/sources/source-error.js";
import { createDatabase, type TestDatabase } from "../../kit/database.js";
import { skipBecause } from "../../kit/skip.js";
import { compressZstd, NO_ZSTD } from "./compress-zstd.js";
import { bringPlaces, createFolder, type Folder, HEADER, only, readTotals, someLines, totalsOf } from "./setup.js";

/** Small, so that a few thousand lines make many pieces. */
const PIECE_BYTES = 4_096;

describe("ingestSource", () => {
  let database: TestDatabase;
  let folder: Folder;

  beforeEach(async () => {
    database = await createDatabase();
    folder = await createFolder();
    await bringPlaces(database.pool);
  });
  afterEach(async () => {
    await folder.remove();
    await database.drop();
  });

  const ingest = (source: IngestOptions["source"], options: Partial<IngestOptions> = {}): Promise<BatchReport[]> =>
    ingestSource({ database, source, pieceBytes: PIECE_BYTES, ...options });

  const lines = someLines(3_000);
  const csv = `${HEADER}\n${lines.join("\n")}\n`;
  const ndjson = lines
    .map((line) => {
      const [orig_code, dest_code, day, price] = line.split(",");
      return JSON.stringify({ price: Number(price), day, orig_code, dest_code });
    })
    .join("\n");

  async function expectPublished(): Promise<void> {
    const totals = await readTotals(database.pool);
    expect(totals.visible).to.deep.equal(totalsOf(lines));
    expect(totals.stored).to.deep.equal(totalsOf(lines));
    expect(totals.dead).to.equal(0);
  }

  for (const [name, content] of [
    ["prices.csv", () => csv],
    ["crlf.csv", () => `\ufeff${csv.replaceAll("\n", "\r\n")}`],
    ["prices.csv.gz", () => zlib.gzipSync(csv)],
    [
      "two-members.csv.gz",
      () => Buffer.concat([csv.slice(0, 5_000), csv.slice(5_000)].map((part) => zlib.gzipSync(part))),
    ],
    [
      "padded-members.csv.gz",
      () =>
        Buffer.concat(
          [csv.slice(0, 5_000), csv.slice(5_000)].flatMap((part) => [zlib.gzipSync(part), Buffer.alloc(512)]),
        ),
    ],
    ["no-suffix", () => zlib.gzipSync(ndjson)],
    ["prices.ndjson", () => ndjson],
    ["prices.csv.zst", () => compressZstd(csv)],
    ["two-frames.csv.zst", () => bothOf(csv.slice(0, 5_000), csv.slice(5_000))],
  ] as const) {
    it(`loads ${name} in pieces and publishes it`, async function () {
      const bytes = await content();
      if (bytes === undefined) skipBecause(this, NO_ZSTD);
      const report = only(await ingest(await folder.write(name, bytes)));
      expect(report).to.include({ state: "published", already: false, rows: lines.length, rejected: 0, name });
      const { rows } = await database.pool.query(
        "SELECT count(*)::integer AS pieces FROM pieces WHERE state = 'loaded'",
      );
      expect(rows[0].pieces).to.be.greaterThan(10);
      await expectPublished();
    });
  }

  it("loads standard input", async () => {
    async function* input() {
      for (let at = 0; at < csv.length; at += 1_000) yield Buffer.from(csv.slice(at, at + 1_000));
    }
    const pipe = { feed: "pipe", name: "pipe", location: "-", input: Readable.from(input(), { objectMode: false }) };
    expect(only(await ingest(openPipeSource(pipe)))).to.include({ state: "published", rows: lines.length });
    await expectPublished();
  });

  it("loads the same file once, and says so", async () => {
    const path = await folder.write("prices.csv", csv);
    const first = only(await ingest(path));
    const second = only(await ingest(path));
    expect(second).to.include({ batchId: first.batchId, state: "published", already: true });
    await retractBatch(database, first.batchId, { retractableDays: 30 });
    expect(only(await ingest(path))).to.include({ batchId: first.batchId, state: "retracted", already: true });
  });

  it("takes a file for a file, also one that is called as an upload or a pipe begins", async () => {
    for (const name of ["upload may.csv", "stream may.csv", "pipe may.csv"]) {
      await ingest(await folder.write(name, csv), { feed: name });
    }
    const { rows } = await database.pool.query(
      "SELECT feed FROM batches WHERE identity !~ '^(upload|stream|pipe) ' ORDER BY id",
    );
    expect(rows.map(({ feed }) => feed)).to.deep.equal(["upload may.csv", "stream may.csv", "pipe may.csv"]);
  });

  it("drops the same content under another name, however it is packed", async () => {
    const first = only(await ingest(await folder.write("a.csv", csv)));
    const turned = `${HEADER}\n${[...lines].reverse().join("\r\n")}`;
    const again = only(await ingest(await folder.write("b.csv.gz", zlib.gzipSync(turned))));
    expect(again).to.include({ state: "duplicate", duplicateOf: first.batchId, already: false });
    await expectPublished();
  });

  it("shares the work between workers that are given the same file, and plans it once", async () => {
    for (const [name, content] of [
      ["prices.csv", csv],
      ["prices.csv.gz", zlib.gzipSync(csv)],
    ] as const) {
      const path = await folder.write(name, content);
      const feed = name;
      const all = await Promise.all(Array.from({ length: 4 }, () => ingest(path, { feed })));
      const reports = all.map(only);
      expect(new Set(reports.map((report) => report.batchId)).size).to.equal(1);
      for (const report of reports)
        expect(report).to.include({ state: "published", rows: lines.length, already: false });
      const { rows } = await database.pool.query("SELECT count(*)::integer AS batches FROM batches WHERE feed = $1", [
        feed,
      ]);
      expect(rows[0].batches).to.equal(1);
    }
    const { rows } = await database.pool.query("SELECT max(attempts) AS attempts FROM pieces");
    expect(rows[0].attempts).to.equal(1);
  });

  it("loads what is new of a folder, in the order of names", async () => {
    const parts = [lines.slice(0, 1_000), lines.slice(1_000, 2_000), lines.slice(2_000)];
    const write = (index: number) => folder.write(`${index}.csv`, `${HEADER}\n${parts[index]?.join("\n")}\n`);
    await write(1);
    await write(0);
    await folder.write(".hidden", "not a delivery");
    await folder.write("0.csv.rejects.csv", "not a delivery");
    const first = await ingest(folder.path);
    expect(first.map(({ name, state }) => `${name} ${state}`)).to.deep.equal(["0.csv published", "1.csv published"]);
    await write(2);
    expect((await ingest(folder.path)).map((report) => report.name)).to.deep.equal(["2.csv"]);
    expect(await ingest(folder.path)).to.deep.equal([]);
    await expectPublished();
    const { rows } = await database.pool.query("SELECT DISTINCT feed FROM batches");
    expect(rows).to.deep.equal([{ feed: "default" }]);
  });

  it("goes on with a folder when one of its files is bad, and only tells of that one afterwards", async () => {
    await folder.write("0.csv", `${HEADER}\nXXXXX\n`);
    await folder.write("1.csv", csv);
    expect((await ingest(folder.path)).map((report) => report.state)).to.deep.equal(["failed", "published"]);
    const again = only(await ingest(folder.path));
    expect(again).to.include({ name: "0.csv", state: "failed", already: true, failedForGood: true });
    await expectPublished();
  });

  /** Loads a source of which some objects cannot be read, and returns the error and the reports of the others. */
  async function ingestBadNeighbours(
    source: IngestOptions["source"],
  ): Promise<{ failure: DeliveriesError; reports: BatchReport[] }> {
    const reports: BatchReport[] = [];
    const onReport = (report: BatchReport) => void reports.push(report);
    const failure = await ingest(source, { onReport }).catch((error: unknown) => error);
    expect(failure).to.be.instanceOf(DeliveriesError);
    return { failure: failure as DeliveriesError, reports };
  }

  it("loads what stands between names and links that lead to no file, on every run, and names each", async () => {
    await symlink("none", join(folder.path, "0-broken.csv"));
    await symlink("1-loop.csv", join(folder.path, "1-loop.csv"));
    await writeFile(Buffer.concat([Buffer.from(`${folder.path}/2-caf`), Buffer.from([0xe9])]), csv);
    await mkdir(join(folder.path, "3-folder"));
    await symlink("3-folder", join(folder.path, "4-link-to-folder"));
    await folder.write("5.csv", csv);
    await symlink("5.csv", join(folder.path, "6-link.csv"));
    const { failure, reports } = await ingestBadNeighbours(folder.path);
    expect(reports.map(({ name, state }) => `${name} ${state}`)).to.deep.equal([
      "5.csv published",
      "6-link.csv duplicate",
    ]);
    const told = failure.message.split("\n");
    expect(told).to.deep.equal([
      `0-broken.csv: ${folder.path}/0-broken.csv is a symbolic link to nothing.`,
      `1-loop.csv: ${folder.path}/1-loop.csv is a symbolic link to itself.`,
      "2-caf\ufffd: Its name is not UTF-8.",
    ]);
    expect((await ingestBadNeighbours(folder.path)).failure.message.split("\n")).to.deep.equal(told);
    await expectPublished();
  });

  it("goes on with a folder when one of its files is taken away meanwhile, and says so at the end", async () => {
    const away = await folder.write("0.csv", `${HEADER}\n${lines[0]}\n`);
    await folder.write("1.csv", csv);
    const source = await openSource(folder.path);
    const { failure, reports } = await ingestBadNeighbours({
      ...source,
      async *list(signal) {
        for await (const found of source.list(signal)) {
          if ("name" in found && found.name === "0.csv") await rm(away);
          yield found;
        }
      },
    });
    expect(failure.message).to.match(/^0\.csv: .*\(it is gone\)\.$/);
    expect(only(reports)).to.include({ name: "1.csv", state: "published" });
    await expectPublished();
  });

  it("tries a file that failed again when it is told to", async () => {
    const path = await folder.write("prices.csv", csv);
    await database.pool.query("UPDATE places SET code = 'DEBRV' WHERE code = 'DEHAM'");
    const failed = only(await ingest(path));
    expect(failed.state).to.equal("failed");
    await database.pool.query("UPDATE places SET code = 'DEHAM' WHERE code = 'DEBRV'");
    const loaded = only(await ingest(path));
    expect(loaded).to.include({ state: "published", already: false });
    expect(loaded.batchId).not.to.equal(failed.batchId);
    await expectPublished();
  });

  it("loads a file again when its content or time is another", async () => {
    const path = await folder.write("prices.csv", csv);
    await ingest(path);
    await utimes(path, new Date(), new Date(Date.now() + 5_000));
    expect(only(await ingest(path)).state).to.equal("duplicate");
    await folder.write("prices.csv", `${csv}${lines[0]}\n`);
    expect(only(await ingest(path))).to.include({ state: "published", rows: lines.length + 1 });
  });

  it("hides a feed's earlier prices of the days that a replacement holds", async () => {
    await ingest(await folder.write("old.csv", csv));
    const replacement = lines.map((line) => `${line}0`);
    await ingest(await folder.write("new.csv", `${HEADER}\n${replacement.join("\n")}`), { mode: "replace" });
    expect((await readTotals(database.pool)).visible).to.deep.equal(totalsOf(replacement));
  });

  it("leaves out up to so many bad lines, and keeps them to be repaired", async () => {
    const broken = [...lines];
    broken[5] = "CNSGH,NLRTM,2024-02-30,5";
    broken[2_500] = 'CNSGH,"NLRTM,2024-02-20,5';
    const header = "orig_code,dest_code,day,price";
    const path = await folder.write("prices.csv", `${header}\n${broken.join("\n")}\n`);
    expect(only(await ingest(path, { maxBadRows: 1 }))).to.include({ state: "failed", rejected: 2 });
    expect(await readTotals(database.pool)).to.deep.include({
      stored: { rows: 0, sum: 0 },
      visible: { rows: 0, sum: 0 },
    });
    const report = only(await ingest(path, { maxBadRows: 2 }));
    expect(report).to.include({ state: "published", rejected: 2, rows: lines.length - 2 });
    const rejects = join(folder.path, "rejects.csv");
    await writeOutput(rejects, readRejects(database, report.batchId));
    expect(await readFile(rejects, "utf8")).to.equal(`${header}\n${broken[5]}\n${broken[2_500]}\n`);
    await folder.write("repaired.csv", `${header}\n${lines[5]}\n${lines[2_500]}\n`);
    await ingest(join(folder.path, "repaired.csv"));
    await expectPublished();
  });

  it("fails a file that grows, shrinks, is written again or is replaced while it is read", async () => {
    const path = join(folder.path, "prices.csv");
    for (const [index, change] of [
      () => folder.write("prices.csv", `${csv}${lines[0]}\n`),
      () => folder.write("prices.csv", csv.slice(0, -1_000)),
      () => utimes(path, new Date(), new Date(Date.now() + 60_000)),
      async () => {
        await copyFile(path, `${path}.new`);
        await rename(`${path}.new`, path);
      },
    ].entries()) {
      for (const content of [csv, zlib.gzipSync(csv)]) {
        await folder.write("prices.csv", content);
        const report = only(
          await ingest(path, { feed: `${index} ${typeof content}`, onBatch: () => void change().catch(() => {}) }),
        );
        // The change may come after the worker has looked at the object for the last time. Then what it read is right.
        if (report.state === "published") continue;
        expect(report.state).to.equal("failed");
        expect(report.failure).to.match(/prices\.csv changed while it was read \(.*\)\.|ends in the middle|is damaged/);
      }
    }
    const { rows } = await database.pool.query(
      "SELECT count(*)::integer AS failed FROM batches WHERE state = 'failed'",
    );
    expect(rows[0].failed).to.be.greaterThan(0);
  });

  it("gives its pieces back at once when it is told to stop, and another run goes on", async () => {
    const path = await folder.write("prices.csv", csv);
    for (let round = 0; round < 3; round += 1) {
      const controller = new AbortController();
      const stopped = ingest(path, {
        database: database.with({ signal: controller.signal }),
        onBatch: () => setTimeout(() => controller.abort(), 20),
      });
      const outcome = await stopped.then(
        () => "ended",
        (error: Error) => error.name,
      );
      if (outcome === "ended") break;
      expect(outcome).to.equal("AbortError");
      const { rows } = await database.pool.query(
        "SELECT count(*) FILTER (WHERE state = 'loading')::integer AS held, coalesce(max(attempts), 0) AS attempts FROM pieces",
      );
      expect(rows[0].held).to.equal(0);
      expect(rows[0].attempts).to.be.at.most(1);
    }
    expect(only(await ingest(path)).state).to.equal("published");
    await expectPublished();
  });

  it("stops quietly when a user ends its batch, and deletes what it had loaded", async () => {
    const path = await folder.write("prices.csv", csv);
    const done = ingest(path);
    const loaded = () => database.pool.query("SELECT FROM pieces WHERE state = 'loaded'");
    while ((await loaded()).rowCount === 0) await sleep(1);
    await failBatch(database, 1, STOPPED, true);
    expect(only(await done)).to.include({ state: "failed", failure: STOPPED, failedForGood: true });
    expect((await readTotals(database.pool)).stored.rows).to.equal(0);
  });

  it("takes over from a worker that died, in ranges and in a stream", async () => {
    for (const [name, content] of [
      ["prices.csv", csv],
      ["prices.csv.gz", zlib.gzipSync(csv)],
    ] as const) {
      const path = await folder.write(name, content);
      const controller = new AbortController();
      await ingest(path, {
        feed: name,
        database: database.with({ signal: controller.signal }),
        onBatch: () => setTimeout(() => controller.abort(), 30),
      }).catch(() => {});
      // Makes the stopped worker look like a killed one: its pieces and its stream are held by a lease that has run
      // out.
      await database.pool.query(
        `UPDATE pieces SET state = 'loading', worker = 'dead', attempts = 1, lease_until = clock_timestamp() - interval '1 second'
         WHERE state = 'waiting' AND number % 2 = 0`,
      );
      await database.pool.query(
        "UPDATE batches SET worker = 'dead', lease_until = clock_timestamp() - interval '1 second' WHERE state = 'loading'",
      );
      expect(only(await ingest(path, { feed: name }))).to.include({ state: "published", rows: lines.length });
    }
  });

  it("asks for places before it looks at a line", async () => {
    await database.pool.query("DELETE FROM places");
    const failure = await ingest(await folder.write("prices.csv", csv)).catch((error: unknown) => error);
    expect(failure).to.be.instanceOf(PortsMissingError);
  });

  it("says when there is no such source", async () => {
    for (const source of [join(folder.path, "none.csv"), "ftp://example.com/prices.csv"]) {
      expect(await ingest(source).catch((error: unknown) => error)).to.be.instanceOf(SourceError);
    }
  });
});

/** Compresses each part and joins the frames, as `cat a.zst b.zst` does. */
async function bothOf(...parts: string[]): Promise<Buffer | undefined> {
  const frames = await Promise.all(parts.map(compressZstd));
  return frames.every((frame) => frame !== undefined) ? Buffer.concat(frames) : undefined;
}
