import { readFile } from "node:fs/promises";
import { constants } from "node:os";
import { gzipSync } from "node:zlib";
import { expect } from "chai";
import type pg from "pg";
import { planBatch } from "../../../app/batches/plan.js";
import { beginAudit } from "../../../app/ingest/audit/audit.sql.js";
import { openSource } from "../../../app/ingest/sources/open-source.js";
import { lockTree } from "../../../app/places/import-places.sql.js";
import { deliver, loadBatch } from "../../kit/batches.js";
import { useFreshDatabase } from "../../kit/database.js";
import { skipBecause } from "../../kit/skip.js";
import { until } from "../../kit/until.js";
import { bringPlaces, createFolder, type Folder, HEADER } from "../ingest/setup.js";
import { type Running, startRatesapp } from "./ratesapp.js";

const PRICE = { origin: "CNSGH", destination: "NLRTM", day: "2024-02-01", price: 5 };
const CSV = `${HEADER}\nCNSGH,NLRTM,2024-02-01,5\n`;

describe("a command that is stopped while it waits", function () {
  this.timeout(30_000);
  const test = useFreshDatabase();
  let folder: Folder;
  let path: string;
  let running: Running | undefined;
  let other: pg.PoolClient | undefined;

  beforeEach(async () => {
    folder = await createFolder();
    await bringPlaces(test.pool);
    path = await folder.write("prices.csv", CSV);
  });
  afterEach(async () => {
    running?.child.kill("SIGKILL");
    other?.release(true);
    other = undefined;
    await folder.remove();
  });

  const start = (args: readonly string[], url = test.url) => {
    running = startRatesapp(args, { DATABASE_URL: url, LOG_FORMAT: "json" });
    return running;
  };
  const ingest = () => start(["ingest", "run", "--source", path]);

  async function stop(signal: "SIGTERM" | "SIGINT" = "SIGTERM"): Promise<void> {
    const begun = performance.now();
    running?.child.kill(signal);
    const { code, stdout, stderr } = (await running?.ended) ?? {};
    expect({ code, stdout, said: stderr?.split("\n").filter((line) => !line.startsWith("{")) }).to.deep.equal({
      code: signal === "SIGTERM" ? 143 : 130,
      stdout: "",
      said: [`Stopped by ${signal}.`, ""],
    });
    expect(performance.now() - begun).to.be.below(5_000);
  }

  /** Until the command's last statement is like this, or waits for a lock. */
  const asked = (like: string, waiting = false) =>
    until(`a statement like ${like}`, async () => {
      const { rowCount } = await test.pool.query(
        `SELECT FROM pg_stat_activity WHERE datname = current_database() AND application_name LIKE 'ratesapp %'
           AND query LIKE $1 AND (wait_event_type = 'Lock') = $2`,
        [`%${like}%`, waiting],
      );
      return rowCount !== 0;
    });

  /** Of the file that the command is given. */
  async function identity(): Promise<string> {
    for await (const object of (await openSource(path)).list()) if ("identity" in object) return object.identity;
    throw new Error("no file");
  }

  /** The batch that the command will find, with everything in the hands of another worker. */
  async function plan(bytes: number | null): Promise<void> {
    const delivery = { feed: "default", source: path, channel: "file", mode: "append", bytes } as const;
    const limits = { pieceBytes: 1_000, maxBadRows: 0, deadlineSeconds: null };
    await planBatch(test.database, { ...delivery, ...limits, identity: await identity() }, "2024-01-01", false);
  }

  it("for the pieces that others load ends as it was told to", async () => {
    await plan(CSV.length);
    await test.pool.query(
      "UPDATE pieces SET state = 'loading', worker = 'other', attempts = 1, lease_until = now() + interval '1 hour'",
    );
    ingest();
    await asked("its workers ended without reporting an error");
    await stop();
  });

  it("for the stream that another reads, too, and by Ctrl-C", async () => {
    path = await folder.write("prices.csv.gz", gzipSync(CSV));
    await plan(null);
    await test.pool.query("UPDATE batches SET worker = 'other', lease_until = now() + interval '1 hour'");
    ingest();
    await asked("LEFT JOIN pieces p ON p.batch_id = b.id");
    await stop("SIGINT");
  });

  it("for a database that is away", async () => {
    const url = new URL(test.url);
    url.port = "1";
    await start(["ingest", "run", "--source", path], url.href).line(/waiting for the database/);
    await stop();
  });

  it("for the writer of a pipe", async function () {
    if (process.platform !== "linux")
      skipBecause(this, "only Linux shows in /proc which signals a process listens for");
    path = await folder.pipe("fifo");
    const { child } = ingest();
    // The last that it listens for; Node.js itself begins with SIGTERM.
    const SIGHUP = 1n << BigInt(constants.signals.SIGHUP - 1);
    await until("it listens for signals", async () => {
      const caught = /^SigCgt:\s*(.*)$/m.exec(await readFile(`/proc/${child.pid}/status`, "utf8"))?.[1];
      return (BigInt(`0x${caught}`) & SIGHUP) !== 0n;
    });
    await stop();
  });

  describe("in an audit", () => {
    let batchId: number;
    beforeEach(async () => {
      batchId = await loadBatch(test.database, { prices: [PRICE] });
      await test.pool.query("UPDATE batches SET feed = 'default', identity = $1", [await identity()]);
      await test.database.run(beginAudit, { batchId, pricesPerPart: 1_000 });
    });

    it("for the part that another makes", async () => {
      other = await test.pool.connect();
      await other.query("BEGIN");
      await other.query("SELECT FROM audit_parts FOR UPDATE");
      ingest();
      await asked("FROM audit_parts p JOIN batches b");
      await stop();
    });

    it("for the end of a place import", async () => {
      other = await test.pool.connect();
      await other.query("BEGIN");
      await other.query(lockTree.text);
      ingest();
      await asked("ratesapp.tree", true);
      await stop();
    });
  });

  it("for a reader of a month that is to be dropped", async () => {
    await deliver(test.database, { prices: [PRICE] });
    other = await test.pool.connect();
    await other.query("BEGIN");
    await other.query("SELECT FROM daily_rates");
    start(["batches", "compact", "--retention-days", "30"]);
    await asked("DETACH PARTITION", true);
    await stop();
  });
});
