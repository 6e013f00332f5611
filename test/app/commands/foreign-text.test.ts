import { open } from "node:fs/promises";
import { expect } from "chai";
import { hideAddresses } from "../../../app/commands/hide-addresses.js";
import { printable, printableLines } from "../../../app/printable.js";
import { useFreshDatabase } from "../../kit/database.js";
import { skipWithout } from "../../kit/skip.js";
import { bringPlaces, createFolder, type Folder, HEADER, someLines } from "../ingest/setup.js";
import { runRatesapp, startOnTerminal } from "./ratesapp.js";

describe("text of others on a terminal", () => {
  it("does nothing there", () => {
    expect(printable("a\u001b]0;x\u0007\u009b31m\r\n\t\u202eb\u{e0001}")).to.equal(
      "a\\u{1b}]0;x\\u{7}\\u{9b}31m\\u{d}\\u{a}\\u{9}\\u{202e}b\\u{e0001}",
    );
    expect(printableLines("a\u001b\nb")).to.equal("a\\u{1b}\nb");
    expect(printable("Preise Köln 上海 💶 · … ×")).to.equal("Preise Köln 上海 💶 · … ×");
  });

  for (const [text, shown] of [
    ["ftp://user:pw@host/x cannot", "ftp://… cannot"],
    ["unknown option '--sorce=http://user:p/w@host/x'", "unknown option '--sorce=http://…'"],
    ["https://host/x?X-Amz-Signature=0", "https://…"],
    ["postgres://user:pw@host", "postgres://…"],
    ["http:/user:pw@host", "http:/…"],
    ["s3://key:secret@bucket/x", "s3://…"],
    ["There is no file /data/https/user:pw@host/x.", "There is no file /data/https/…@host/x."],
    ["There is no file https//user:p/w@host/x.", "There is no file https//…@host/x."],
    ["There is no file /data/user:p@w@host:/x.", "There is no file /data/…@host:/x."],
    ["Batch 7 (a:b.csv): 3 lines @ 12:30.", "Batch 7 (a:b.csv): 3 lines @ 12:30."],
    ["https://host/prices.csv answers 404.", "https://host/prices.csv answers 404."],
    ["There is no s3://bucket/a@b?c.csv.", "There is no s3://bucket/a@b?c.csv."],
    ["There is no file /home/me@work/x?.csv.", "There is no file /home/me@work/x?.csv."],
    ["at file:///node_modules/@aws-sdk/x.js", "at file:///node_modules/@aws-sdk/x.js"],
  ] as const) {
    it(`holds no password: ${text}`, () => expect(hideAddresses(text)).to.equal(shown));
  }

  it("shows the form of an address that is wanted, and nothing of the one that is there", async () => {
    const { code, stderr } = await runRatesapp(["serve"], { DATABASE_URL: "postgres://user:se#cret/x@host/db" });
    expect(code).to.equal(2);
    expect(stderr).to.include(
      "DATABASE_URL: must look like postgres://user:password@host:5432/database; in a user name",
    );
    expect(stderr).not.to.include("cret");
  });
});

describe("ratesapp, with names that are meant to do harm", function () {
  this.timeout(30_000);
  const test = useFreshDatabase();
  let folder: Folder;
  const name = "\u001b]0;owned\u0007\u009b2J\u202evsc.csv";
  const shown = "\\u{1b}]0;owned\\u{7}\\u{9b}2J\\u{202e}vsc.csv";

  beforeEach(async () => {
    folder = await createFolder();
    await bringPlaces(test.pool);
  });
  afterEach(async () => {
    await folder.remove();
  });

  const environment = () => ({ DATABASE_URL: test.url, LOG_FORMAT: "json" });
  const run = (...args: string[]) => runRatesapp(args, environment());

  it("shows them, and does not send them to the terminal", async () => {
    await folder.write(name, `${HEADER}\n${someLines(10).join("\n")}\nCNSGH\u001b[2J\n`);
    await test.pool.query(
      "INSERT INTO batches (feed, source, identity, mode, state, failure, failed_at) VALUES ($1, $1, $1, 'append', 'failed', $1, now())",
      [name],
    );
    const show = async (code: number, ...args: string[]) => {
      const ended = await run(...args);
      const text = ended.stdout + ended.stderr;
      expect(ended.code, text).to.equal(code);
      expect(text).to.include(shown.slice(-20));
      expect(text.replaceAll("\n", "")).not.to.match(/[\p{Cc}\p{Cf}]/u);
    };
    await show(3, "ingest", "run", "--source", folder.path);
    await Promise.all([
      show(3, "ingest", "run", "--source", folder.path),
      show(0, "ingest", "run", "--source", `${folder.path}/${name}`, "--max-bad-rows", "1", "--feed", "other"),
      show(1, "ingest", "run", "--source", `${folder.path}/${name}.none`),
      show(2, "ingest", "run", `--sorce=${name}`),
      show(0, "batches", "list"),
      show(0, "batches", "show", "1"),
      show(0, "batches", "show", "2"),
      show(0, "batches", "retry", "1"),
    ]);
  });

  it("writes them as JSON that can be read", async () => {
    await folder.write(name, "x");
    await run("ingest", "run", "--source", folder.path);
    const { stdout } = await run("batches", "show", "1", "--json");
    expect(stdout.replaceAll("\n", "")).not.to.match(/\p{Cc}/u);
    expect(JSON.parse(stdout).source).to.equal(`${folder.path}/${name}`);
  });

  it("shows them above its bar", async function () {
    await skipWithout(this, "script");
    const running = startOnTerminal(["ingest", "run", "--source", await folder.pipe(name)], environment());
    const input = await open(`${folder.path}/${name}`, "w");
    await input.write(`${HEADER}\n`);
    await running.line(/vsc\.csv · 0 rows/);
    await input.close();
    const { stdout } = await running.ended;
    expect(stdout).to.include(shown);
    for (const obeyed of ["\u001b]", "\u009b"]) expect(stdout).not.to.include(obeyed);
  });

  for (const [source, says] of [
    ["ftp://user:secret@host/prices.csv", "ftp://… cannot be read"],
    ["sftp:/user:secret@host/prices.csv", "sftp://… cannot be read"],
    ["http://user:secret@127.0.0.1:1/prices.csv?signature=secret", "http://127.0.0.1:1/prices.csv does not answer"],
    ["http://user:secret@[bad/prices.csv", "An HTTP address looks like"],
    ["s3://user:secret@bucket/prices.csv", "An S3 address looks like"],
  ] as const) {
    it(`keeps the password of ${source.slice(0, 12)}… to itself`, async () => {
      const ended = await runRatesapp(["ingest", "run", "--source", source], { ...environment(), LOG_LEVEL: "trace" });
      expect(ended.code).to.equal(1);
      expect(ended.stderr).to.include(says).and.not.include("secret");
    });
  }
});
