import { open, readFile, symlink } from "node:fs/promises";
import { join } from "node:path";
import zlib from "node:zlib";
import { expect } from "chai";
import { useFreshDatabase } from "../../kit/database.js";
import { until } from "../../kit/until.js";
import { bringPlaces, createFolder, type Folder, HEADER, readTotals, someLines, totalsOf } from "../ingest/setup.js";
import { type Ended, runRatesapp, runShell, startRatesapp } from "./ratesapp.js";

describe("ratesapp ingest run", function () {
  this.timeout(60_000);
  const test = useFreshDatabase();
  let folder: Folder;
  const lines = someLines(500);
  const csv = `${HEADER}\n${lines.join("\n")}\n`;

  beforeEach(async () => {
    folder = await createFolder();
    await bringPlaces(test.pool);
  });
  afterEach(async () => {
    await folder.remove();
  });

  const environment = () => ({ DATABASE_URL: test.url, LOG_FORMAT: "json" });
  const ingest = (...args: string[]): Promise<Ended> => runRatesapp(["ingest", "run", ...args], environment());

  it("loads a file, and says so when it is given once more", async () => {
    const path = await folder.write("prices.csv", csv);
    expect(await ingest("--source", path)).to.deep.equal({
      code: 0,
      stdout: "Batch 1 (prices.csv) is published: 500 prices.\n",
      stderr: "",
    });
    const again = await ingest("--source", path);
    expect(again).to.include({ code: 0, stdout: "prices.csv was loaded already as batch 1. Nothing changed.\n" });
    const copy = await ingest("--source", await folder.write("copy.csv", csv));
    expect(copy.code).to.equal(0);
    expect(copy.stdout).to.equal("copy.csv was loaded already: it has the same prices as batch 1. Nothing changed.\n");
  });

  it("ends with 3 and lists what is wrong, by line, and counted", async () => {
    const path = await folder.write(
      "prices.csv",
      `${csv}CNSGH,NLRTM,2024-02-30,5\nCNSGH\nXXXXX,NLRTM,2024-02-01,5\nCNSGH\n`,
    );
    const { code, stdout, stderr } = await ingest("--source", path);
    expect(code).to.equal(3);
    expect(stdout).to.equal("Batch 1 (prices.csv) failed: 4 bad lines.\n");
    expect(stderr.split("\n")).to.deep.equal([
      "prices.csv:502: day: a day that does not exist",
      "prices.csv:503: a column is missing",
      "prices.csv:504: orig_code: unknown port",
      "prices.csv:505: a column is missing",
      "2 × a column is missing",
      "1 × day: a day that does not exist",
      "1 × orig_code: unknown port",
      "",
    ]);
  });

  it("writes what it leaves out next to the file, or where it is told to", async () => {
    const path = await folder.write("prices.csv", `${csv}CNSGH\n`);
    const first = await ingest("--source", path, "--max-bad-rows", "1");
    expect(first).to.include({ code: 0 });
    expect(first.stdout).to.contain(`Bad lines that were left out: 1; they are in ${path}.rejects.csv.`);
    expect(await readFile(`${path}.rejects.csv`, "utf8")).to.equal(`${HEADER}\nCNSGH\n`);

    const rejects = join(folder.path, "bad.csv");
    const second = await ingest("--source", path, "--feed", "b", "--max-bad-rows", "1", "--rejects", rejects);
    expect(second.code).to.equal(0);
    expect(await readFile(rejects, "utf8")).to.equal(`${HEADER}\nCNSGH\n`);

    // The file of the first run stays: a user may be repairing it.
    await folder.write("prices.csv", `${csv}NLRTM\n`);
    const third = await ingest("--source", path, "--feed", "c", "--max-bad-rows", "1");
    expect(third.stdout).to.contain(`they are in ${path}.3.rejects.csv.`);
    expect(await readFile(`${path}.rejects.csv`, "utf8")).to.equal(`${HEADER}\nCNSGH\n`);
  });

  it("overwrites no file of lines that were left out, unless it is told to, and never one of the same run", async () => {
    const out = await folder.write("mine.csv", "mine\n");
    await folder.write("in.csv", `${csv}CNSGH\n`);
    const run = (feed: string, ...args: string[]) =>
      ingest("--source", join(folder.path, "in.csv"), "--feed", feed, "--max-bad-rows", "1", "--rejects", out, ...args);
    const refused = await run("a");
    expect(refused.stdout).to.equal("Batch 1 (in.csv) is published: 500 prices.\n");
    expect(refused.stderr).to.equal(
      `${out} is there already and stays as it is; --force overwrites it. Bad lines that were left out: 1; ratesapp batches rejects 1 gives them.\n`,
    );
    expect(refused.code).to.equal(1);
    expect(await readFile(out, "utf8")).to.equal("mine\n");
    expect((await run("b", "--force")).code).to.equal(0);
    expect(await readFile(out, "utf8")).to.equal(`${HEADER}\nCNSGH\n`);

    const deliveries = await createFolder();
    await deliveries.write("1.csv", `${csv}first\n`);
    await deliveries.write("2.csv", `${csv}CNSGH,NLRTM,2024-02-01,7\nsecond\n`);
    const args = ["--source", deliveries.path, "--feed", "c", "--max-bad-rows", "1", "--rejects", out, "--force"];
    const both = await ingest(...args);
    expect(both).to.include({ code: 1 });
    expect(both.stderr).to.contain("ratesapp batches rejects 4 gives them.");
    expect(await readFile(out, "utf8")).to.equal(`${HEADER}\nfirst\n`);
    await deliveries.remove();
  });

  it("writes what it leaves out through a device, and next to no device that it reads", async () => {
    const path = await folder.write("in.csv", `${csv}CNSGH\n`);
    const args = "ingest run --max-bad-rows 1";
    const through = await runShell(`ratesapp ${args} --source ${path} --rejects /dev/stderr`, environment());
    expect(through).to.include({ code: 0, stderr: `${HEADER}\nCNSGH\n` });
    const full = await ingest("--source", path, "--feed", "b", "--max-bad-rows", "1", "--rejects", "/dev/full");
    expect(full.stderr).to.match(/^\/dev\/full cannot be written: no space left on device\. Bad lines .* rejects 2 /);
    expect(full.code).to.equal(1);
    const piped = await runShell(`ratesapp ${args} --feed c --source <(cat ${path})`, environment());
    expect(piped).to.include({ code: 0, stderr: "" });
    expect(piped.stdout).to.match(/Bad lines that were left out: 1; ratesapp batches rejects 3 gives them\.\n$/);
  });

  it("goes through a folder", async () => {
    await folder.write("a.csv", `${HEADER}\n${lines.slice(0, 200).join("\n")}\n`);
    await folder.write("b.csv", `${HEADER}\n${lines.slice(200).join("\n")}\n`);
    const { code, stdout } = await ingest("--source", folder.path);
    expect(code).to.equal(0);
    expect(stdout).to.equal("Batch 1 (a.csv) is published: 200 prices.\nBatch 2 (b.csv) is published: 300 prices.\n");
    expect((await ingest("--source", folder.path)).stdout).to.equal("Nothing new.\n");
    expect((await readTotals(test.pool)).visible).to.deep.equal(totalsOf(lines));
  });

  it("loads of a folder only what has the name that is asked for", async () => {
    await folder.write("asia-1.csv", `${HEADER}\n${lines.slice(0, 200).join("\n")}\n`);
    await folder.write("europe-1.csv", `${HEADER}\n${lines.slice(200).join("\n")}\n`);
    const asia = await ingest("--source", folder.path, "--match", "{asia,africa}-*.csv");
    expect(asia).to.include({ code: 0, stdout: "Batch 1 (asia-1.csv) is published: 200 prices.\n" });
    expect((await ingest("--source", folder.path, "--match", "*.gz")).stdout).to.equal("Nothing new.\n");
    const single = await ingest("--source", join(folder.path, "asia-1.csv"), "--match", "*.csv");
    expect(single).to.include({ code: 2, stderr: "--match needs a folder, or a prefix of S3, as the source.\n" });
  });

  it("tells a program what became of each delivery, as `batches show` does", async () => {
    await folder.write("a.csv", `${csv}CNSGH\n`);
    await folder.write("b.csv", `${HEADER}\nCNSGH\nCNSGH,NLRTM,2024-02-30,5\n`);
    const args = ["--source", folder.path, "--max-bad-rows", "1", "--json"];
    const { code, stdout, stderr } = await ingest(...args);
    expect({ code, stderr }).to.deep.equal({ code: 3, stderr: "" });
    const reports = JSON.parse(stdout) as Record<string, unknown>[];
    const shown = await Promise.all(
      ["1", "2"].map(async (id) =>
        JSON.parse((await runRatesapp(["batches", "show", id, "--json"], environment())).stdout),
      ),
    );
    expect(reports).to.deep.equal([
      { ...shown[0], already: false, rejects_file: join(folder.path, "a.csv.rejects.csv") },
      { ...shown[1], already: false, rejects_file: null },
    ]);
    const again = JSON.parse((await ingest(...args)).stdout) as Record<string, unknown>[];
    expect(again.map(({ id, already }) => ({ id, already }))).to.deep.equal([{ id: 2, already: true }]);
    expect((await ingest("--source", folder.path, "--match", "a.csv", "--json")).stdout).to.equal("[]\n");
  });

  it("loads what stands beside a broken link, tells of both, and ends with 1", async () => {
    await symlink("none", join(folder.path, "a.csv"));
    await folder.write("b.csv", csv);
    const first = await ingest("--source", folder.path);
    const named = `a.csv: ${folder.path}/a.csv is a symbolic link to nothing.\n`;
    expect(first).to.deep.equal({ code: 1, stdout: "Batch 1 (b.csv) is published: 500 prices.\n", stderr: named });
    expect(await ingest("--source", folder.path)).to.deep.equal({ code: 1, stdout: "", stderr: named });
  });

  describe("--dry-run", () => {
    const everything = async () => {
      const tables = ["batches", "pieces", "bad_lines", "bad_line_counts", "month_versions", "dataset"];
      const rows = await Promise.all(tables.map(async (table) => (await test.pool.query(`TABLE ${table}`)).rows));
      const { rows: partitions } = await test.pool.query("SELECT relname FROM pg_class ORDER BY relname");
      return { rows, partitions };
    };

    it("says what would be loaded and refused, as a run then does, and writes nothing", async () => {
      await folder.write("known.csv", `${HEADER}\n${lines[0]}\n`);
      await ingest("--source", folder.path);
      await folder.write("a.csv", csv);
      await folder.write("b.csv.gz", zlib.gzipSync(`${HEADER}\n${lines[1]}\nCNSGH\nXXXXX,NLRTM,2024-02-01,5\n`));
      await folder.write("c.ndjson", '{"orig_code":"CNSGH","dest_code":"NLRTM","day":"2024-05-01","price":5}\n');
      await folder.write("d.csv", "orig_code,day,price\n");
      await folder.write("e.csv", `${HEADER}\n`);
      await folder.write("f.gz", zlib.gzipSync(csv).subarray(0, 900));
      const before = await everything();
      const { code, stdout, stderr } = await ingest("--source", folder.path, "--dry-run");
      expect(await everything()).to.deep.equal(before);
      expect(code).to.equal(3);
      expect(stdout.split("\n")).to.deep.equal([
        "a.csv would be published: 500 prices of 2024-01 to 2024-02.",
        "b.csv.gz would fail: 2 bad lines.",
        "c.ndjson would be published: 1 price of 2024-05.",
        "d.csv would fail: d.csv, line 1: the header must be orig_code,dest_code,day,price in any order; it has no column dest_code.",
        "e.csv would fail: It holds no prices.",
        "f.gz would fail: f.gz ends in the middle of its gzip data.",
        "",
      ]);
      expect(stderr.split("\n")).to.deep.equal([
        "b.csv.gz:3: a column is missing",
        "b.csv.gz:4: orig_code: unknown port",
        "1 × a column is missing",
        "1 × orig_code: unknown port",
        "",
      ]);
      const told = stdout.matchAll(/^(\S+) would fail: (.*)$/gm);
      const real = await ingest("--source", folder.path);
      for (const [, name, reason] of told) expect(real.stdout).to.include(`(${name}) failed: ${reason}\n`);
      for (const name of ["a.csv", "c.ndjson"]) expect(real.stdout).to.match(new RegExp(`\\(${name}\\) is published`));
    });

    it("knows what was loaded before, and how many bad lines a batch may have", async () => {
      const path = await folder.write("prices.csv", `${csv}CNSGH\n`);
      const left = await ingest("--source", path, "--max-bad-rows", "1", "--dry-run");
      expect(left).to.include({ code: 0 });
      expect(left.stdout).to.match(/^prices\.csv would be published: 500 prices .*left out: 1\.\n$/);
      await ingest("--source", path, "--max-bad-rows", "1");
      expect(await ingest("--source", path, "--dry-run")).to.include({
        code: 0,
        stdout: "prices.csv would not be loaded. It is batch 1, which is published.\n",
      });
    });

    it("gives the same as JSON", async () => {
      await folder.write("a.csv", `${HEADER}\n${lines[0]}\nCNSGH\n`);
      await symlink("none", join(folder.path, "b.csv"));
      const { code, stdout, stderr } = await ingest("--source", folder.path, "--dry-run", "--json");
      expect({ code, stderr }).to.deep.equal({ code: 1, stderr: "" });
      const nothing = { rows: 0, rejected: 0, months: [], errors: [], error_counts: [] };
      expect(JSON.parse(stdout)).to.deep.equal([
        {
          name: "a.csv",
          source: join(folder.path, "a.csv"),
          would: "fail",
          reason: "1 bad line.",
          rows: 1,
          rejected: 1,
          months: [lines[0]?.split(",")[2]?.slice(0, 7)],
          errors: [
            { file: "a.csv", piece: null, line: 3, column: null, reason: "a column is missing", content: "CNSGH" },
          ],
          error_counts: [{ reason: "a column is missing", count: 1 }],
        },
        {
          ...{ name: "b.csv", source: "b.csv", would: "retry", ...nothing },
          reason: `${folder.path}/b.csv is a symbolic link to nothing.`,
        },
      ]);
    });

    it("reads standard input, and takes no file for what is left out", async () => {
      await folder.write("in.csv", csv);
      const line = `ratesapp ingest run --source - --dry-run < ${join(folder.path, "in.csv")}`;
      const { stdout } = await runShell(line, environment());
      expect(stdout).to.match(/^standard input would be published: 500 prices/);
      const both = await ingest("--source", folder.path, "--dry-run", "--rejects", "x.csv");
      expect(both.code).to.equal(2);
      expect(both.stderr).to.include("'--dry-run' cannot be used with option '--rejects <path>'");
    });
  });

  it("reads gzip to its end, or ends with 3", async () => {
    const [a, b] = [csv.slice(0, 5_000), csv.slice(5_000)].map((part) => zlib.gzipSync(part)) as [Buffer, Buffer];
    const zeros = Buffer.alloc(512);
    const padded = await ingest("--source", await folder.write("padded.gz", Buffer.concat([a, zeros, b, zeros])));
    expect(padded).to.include({ code: 0, stdout: "Batch 1 (padded.gz) is published: 500 prices.\n" });
    const damaged = await ingest(
      "--source",
      await folder.write("x.gz", Buffer.concat([a, b, zeros, Buffer.from(csv)])),
    );
    expect(damaged.code).to.equal(3);
    expect(damaged.stdout).to.match(/^Batch 2 \(x\.gz\) failed: x\.gz is damaged: its gzip data cannot be read/);
  });

  it("names a file of a folder that failed before, every time, until it is repaired or to be tried again", async () => {
    await folder.write("a.csv", `${HEADER}\n${lines[0]}\n`);
    await folder.write("b.csv", `${HEADER}\nCNSGH\n`);
    const first = await ingest("--source", folder.path);
    expect(first).to.include({
      code: 3,
      stdout: "Batch 1 (a.csv) is published: 1 price.\nBatch 2 (b.csv) failed: 1 bad line.\n",
    });
    const known =
      "b.csv failed before, as batch 2: 1 bad line. Repair it, or let the next run load it again: ratesapp batches retry 2\n";
    expect(await ingest("--source", folder.path)).to.deep.equal({ code: 3, stdout: known, stderr: "" });
    await runRatesapp(["batches", "retry", "2"], environment());
    expect((await ingest("--source", folder.path)).stdout).to.equal("Batch 3 (b.csv) failed: 1 bad line.\n");
    await folder.write("b.csv", `${HEADER}\n${lines[1]}\n`);
    expect(await ingest("--source", folder.path)).to.include({
      code: 0,
      stdout: "Batch 4 (b.csv) is published: 1 price.\n",
    });
  });

  it("ends with 1 where another try may help: a batch that failed for its worker, not its lines", async () => {
    const fifo = await folder.pipe("fifo");
    const running = startRatesapp(["ingest", "run", "--source", fifo], environment());
    const input = await open(fifo, "w");
    await input.write(`${HEADER}\n`);
    await until("the batch is there", async () => (await test.pool.query("SELECT FROM batches")).rowCount === 1);
    await test.pool.query("UPDATE batches SET state = 'failed', failure = 'Piece 0 failed 8 times: a disk is full'");
    await input.close();
    const { code, stdout } = await running.ended;
    expect(stdout).to.equal("Batch 1 (fifo) failed: Piece 0 failed 8 times: a disk is full\n");
    expect(code).to.equal(1);
  });

  it("loads a feed by its name, as the file of feeds says, unless an option says otherwise", async () => {
    await folder.write("prices.csv", `${csv}CNSGH\n`);
    const feeds = await folder.write(
      "feeds.json",
      JSON.stringify({
        sea: {
          source: join(folder.path, "prices.csv"),
          mode: "replace",
          maxBadRows: 1,
          rejects: join(folder.path, "out"),
        },
        air: { source: "s3://prices/air/" },
      }),
    );
    const run = (...args: string[]) => runRatesapp(["ingest", "run", ...args], { ...environment(), FEEDS_FILE: feeds });
    const strict = await run("--feed", "sea", "--max-bad-rows", "0", "--mode", "append");
    expect(strict).to.include({ code: 3, stdout: "Batch 1 (prices.csv) failed: 1 bad line.\n" });
    const { code, stdout } = await run("--feed", "sea");
    expect(stdout).to.contain("Batch 2 (prices.csv) is published: 500 prices.").and.to.contain(`${folder.path}/out`);
    expect(code).to.equal(0);
    const { rows } = await test.pool.query("SELECT feed, mode FROM batches ORDER BY id");
    expect(rows).to.deep.equal([
      { feed: "sea", mode: "append" },
      { feed: "sea", mode: "replace" },
    ]);

    expect(await run("--feed", "see")).to.include({ code: 2, stderr: `${feeds} has no feed see; it has sea, air.\n` });
    expect((await ingest("--feed", "sea")).stderr).to.contain("FEEDS_FILE is not set");
  });

  it("names every mistake of the file of feeds at once", async () => {
    const feeds = await folder.write(
      "feeds.json",
      JSON.stringify({
        sea: { mode: "upsert", maxBadRows: -1, deadlineSeconds: 1.5, schedule: "@daily" },
        land: { source: 7, rejects: "" },
        rail: [],
        road: { source: "x\0", rejects: "\0" },
        " air": { source: "x" },
      }),
    );
    const environmentOf = (path: string) => ({ ...environment(), FEEDS_FILE: path });
    const { code, stderr } = await runRatesapp(["ingest", "run", "--feed", "sea"], environmentOf(feeds));
    expect(code).to.equal(2);
    expect(stderr.trimEnd().split("\n  ").slice(1)).to.have.members([
      "sea.source: must be a text",
      "sea.mode: must be append or replace",
      "sea.maxBadRows: must be a whole number from 0 to 1000000000",
      "sea.deadlineSeconds: must be a whole number from 1 to 10000000",
      "sea: has no such setting: schedule",
      "land.source: must be a text",
      "land.rejects: must not be empty",
      "rail: must be an object",
      "road.source: must not hold a NUL",
      "road.rejects: must not hold a NUL",
      " air: must be 1 to 200 characters, with no space at either end and no control character",
    ]);
    const missing = await runRatesapp(["ingest", "run", "--feed", "sea"], environmentOf(`${feeds}.none`));
    expect(missing.code).to.equal(2);
    expect(missing.stderr).to.equal(`${feeds}.none:\n  the file cannot be read: no such file or directory\n`);
  });

  it("names no feed after a place, which would be a label of metrics", async () => {
    await ingest("--source", await folder.write("prices.csv", csv));
    expect((await test.pool.query("SELECT feed FROM batches")).rows).to.deep.equal([{ feed: "default" }]);
  });

  it("warns of no Node.js that it runs on, where it reads from S3", async () => {
    const s3 = { AWS_ENDPOINT_URL: "http://127.0.0.1:1", AWS_ACCESS_KEY_ID: "a", AWS_SECRET_ACCESS_KEY: "b" };
    const args = ["ingest", "run", "--source", "s3://bucket/prices.csv"];
    const { code, stderr } = await runRatesapp(args, { ...environment(), ...s3 });
    expect(stderr).to.match(/^s3:\/\/bucket\/prices\.csv cannot be read: .*\n$/);
    expect(code).to.equal(1);
  });

  it("stops on SIGTERM and leaves its pieces to others", async () => {
    // A pipe that says nothing: the command waits for it.
    const fifo = await folder.pipe("fifo");
    const running = startRatesapp(["ingest", "run", "--source", fifo], environment());
    const keepOpen = await open(fifo, "w");
    await keepOpen.write(`${HEADER}\n`);
    await until("the batch is there", async () => (await test.pool.query("SELECT FROM batches")).rowCount === 1);
    running.child.kill("SIGTERM");
    const { code, stderr } = await running.ended;
    await keepOpen.close();
    expect(code, stderr).to.equal(143);
    const { rows } = await test.pool.query("SELECT state, worker FROM batches");
    expect(rows).to.deep.equal([{ state: "failed", worker: null }]);
  });

  it("names what is missing or wrong on the command line", async () => {
    expect((await ingest()).code).to.equal(2);
    expect((await ingest("--source", "x.csv", "--mode", "other")).code).to.equal(2);
    expect((await ingest("--source", "x.csv", "--max-bad-rows", "-1")).code).to.equal(2);
    const missing = await ingest("--source", join(folder.path, "none.csv"));
    expect(missing).to.include({ code: 1, stderr: `There is no file ${join(folder.path, "none.csv")}.\n` });
    await test.pool.query("DELETE FROM places");
    const placeless = await ingest("--source", await folder.write("prices.csv", csv));
    expect(placeless).to.include({
      code: 1,
      stderr: "The database has no ports yet; import them with ratesapp places import.\n",
    });
  });
});
