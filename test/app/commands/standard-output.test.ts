import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { expect } from "chai";
import { ingestSource } from "../../../app/ingest/ingest-source.js";
import { useDatabase } from "../../kit/database.js";
import { skipWithout } from "../../kit/skip.js";
import { bringPlaces, createFolder, type Folder, HEADER, only, someLines } from "../ingest/setup.js";
import { runShell, startOnTerminal } from "./ratesapp.js";

describe("ratesapp: where its output goes", function () {
  this.timeout(120_000);
  const test = useDatabase();
  let folder: Folder;
  let batch: number;

  before(async () => {
    folder = await createFolder();
    await bringPlaces(test.pool);
    const bad = `${"x".repeat(1_000)}\n`.repeat(2_999);
    const source = await folder.write("large.csv", `${HEADER}\n${bad}CNSGH,NLRTM,2024-05-01,10\n`);
    batch = only(await ingestSource({ database: test.database, source, maxBadRows: 2_999 })).batchId;
    await folder.write("prices.csv", `${HEADER}\n${someLines(5).join("\n")}\n`);
    await folder.write("ports.csv", "code,name,parent_slug\nCNSGH,Shanghai,china\n");
  });
  after(async () => {
    await folder.remove();
  });

  const shell = (line: string) => runShell(line, { DATABASE_URL: test.url, LOG_FORMAT: "json" }, folder.path);
  const commands = () => [
    "--help",
    "batches list",
    `batches show ${batch}`,
    `batches rejects ${batch}`,
    `batches rejects ${batch} /dev/stdout`,
    `batches retract ${batch}`,
    "batches compact",
    "ingest run --source prices.csv",
    "places import --ports ports.csv",
    "migrate",
  ];

  it("says that a full disk took none of it, and ends with 1, whatever the command", async () => {
    const told = { code: 1, stdout: "", stderr: "Standard output cannot be written: no space left on device.\n" };
    const check = async (command: string) =>
      expect(await shell(`ratesapp ${command} > /dev/full`), command).to.deep.equal(told);
    await Promise.all(commands().map(check));
  });

  it("ends quietly where its reader has gone, whatever the command", async () => {
    const quiet = { code: 0, stdout: "", stderr: "" };
    const check = async (command: string) =>
      expect(await shell(`exec 3> >(true); wait $!; ratesapp ${command} >&3`), command).to.deep.equal(quiet);
    await Promise.all(commands().map(check));
    const first = await shell(`ratesapp batches rejects ${batch} | head -1; exit \${PIPESTATUS[0]}`);
    expect(first).to.deep.equal({ code: 0, stdout: "orig_code,dest_code,day,price\n", stderr: "" });
  });

  it("goes on with its work where no program reads its log, or the disk of its log is full", async () => {
    await folder.write("bad.csv", `${HEADER}\n${someLines(5, 2).join("\n")}\nx\n`);
    const run = (feed: string) =>
      `LOG_LEVEL=trace ratesapp ingest run --feed ${feed} --source bad.csv --max-bad-rows 1`;
    const full = await shell(`${run("full")} 2> /dev/full`);
    expect(full.stdout).to.match(/is published: 5 prices\.\nBad lines that were left out: 1; they are in /);
    expect(full.code).to.equal(0);
    const gone = await shell(`exec 3> >(true); wait $!; ${run("gone")} 2>&3`);
    expect(gone.stdout).to.match(/is published: 5 prices\.\n/);
    expect(gone.code).to.equal(0);
  });

  it("is never cut short without a word", async () => {
    // In units of 1,024 bytes.
    const { code, stderr } = await shell(`ulimit -f 100; ratesapp batches rejects ${batch} > cut.csv`);
    expect(stderr).to.equal("Standard output cannot be written: file too large.\n");
    expect(code).to.equal(1);
  });

  it("goes to a file behind standard output as a whole", async () => {
    expect((await shell(`ratesapp batches rejects ${batch} /dev/stdout > whole.csv`)).code).to.equal(0);
    expect((await readFile(join(folder.path, "whole.csv"))).length).to.equal(30 + 2_999 * 1_001);
  });

  it("goes to a file that is there only with --force", async () => {
    await folder.write("mine.csv", "mine\n");
    const refused = await shell(`ratesapp batches rejects ${batch} mine.csv`);
    expect(refused).to.include({
      code: 2,
      stderr: "mine.csv is there already and stays as it is; --force overwrites it.\n",
    });
    expect(await readFile(join(folder.path, "mine.csv"), "utf8")).to.equal("mine\n");
    expect(await shell(`ratesapp batches rejects ${batch} mine.csv --force`)).to.include({ code: 0, stderr: "" });
    expect(await shell(`ratesapp batches rejects ${batch} > two.csv; cmp two.csv mine.csv`)).to.include({ code: 0 });
    const device = await shell(`ratesapp batches rejects ${batch} /dev/full --force; test -c /dev/full && exit 7`);
    expect(device.stderr).to.equal("/dev/full cannot be written: no space left on device.\n");
    expect(device.code).to.equal(7);
  });

  it("shows a terminal the first lines of a long list, and where the others are", async function () {
    await skipWithout(this, "script");
    const path = await folder.write("long.csv", `${HEADER}\n${"x\n".repeat(1_500)}`);
    const env = { DATABASE_URL: test.url };
    const { stdout } = await startOnTerminal(["ingest", "run", "--feed", "long", "--source", path], env).ended;
    const lines = stdout.replaceAll("\r", "").trimEnd().split("\n");
    const first = lines.findIndex((line) => line.includes("long.csv:2: "));
    expect(lines[first + 19]).to.equal("long.csv:21: a column is missing");
    expect(lines[first + 20]).to.match(/^… and 980 more; ratesapp batches show \d+ names them\.$/);
    expect(lines[first + 21]).to.equal("1500 × a column is missing");

    const ports = await folder.write("bad-ports.csv", `code,name,parent_slug\n${"x\n".repeat(500)}`);
    const places = await startOnTerminal(["places", "import", "--ports", ports], env).ended;
    expect(places.code).to.equal(3);
    expect(places.stdout.replaceAll("\r", "")).to.match(
      /bad-ports\.csv:20: a column is missing\n… and 481 more; with 2> FILE all of them are in a file\.\n$/,
    );
    const all = await shell("ratesapp places import --ports bad-ports.csv");
    expect(all.stderr.split("\n")).to.have.length(502);
  });

  it("says of a bad header once what is wrong with it", async () => {
    await folder.write("header.csv", "orig_code,dest_code,price\nCNSGH,NLRTM,5\n");
    const reason = "the header must be orig_code,dest_code,day,price in any order; it has no column day";
    const { code, stdout, stderr } = await shell("ratesapp ingest run --feed header --source header.csv");
    expect(code).to.equal(3);
    expect(stdout).to.match(new RegExp(`^Batch \\d+ \\(header\\.csv\\) failed: header\\.csv, line 1: ${reason}\\.\n$`));
    expect(stderr).to.equal("");
    const shown = (await shell(`ratesapp batches show ${/\d+/.exec(stdout)?.[0]}`)).stdout;
    expect(shown.split(reason)).to.have.length(2);
  });

  it("makes no database in a folder where the user asked for none", async () => {
    const elsewhere = await createFolder();
    try {
      const { code, stderr } = await runShell("ratesapp batches list; code=$?; ls -A; exit $code", {}, elsewhere.path);
      expect(stderr).to.match(/^No database: DATABASE_URL is not set, .*\nSet DATABASE_URL, or DATA_DIRECTORY to a /);
      expect(code).to.equal(2);
      expect((await runShell("ls -A", {}, elsewhere.path)).stdout).to.equal("");
    } finally {
      await elsewhere.remove();
    }
  });
});
