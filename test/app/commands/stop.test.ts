import { readFile } from "node:fs/promises";
import { constants } from "node:os";
import { gzipSync } from "node:zlib";
import { expect } from "chai";
import type pg from "pg";
import { planBatch } from "../../../app/batches/plan.js";
import { beginAudit } from "../../../app/ingest/audit/audit.sql.js";
import { openSource } from "../../../app/ingest/sources/open-source.js";
import { lockTree } from "../../../app/places/import-places.sql.js";
import { until } from "../api/api-server.js";
import { createDatabase, type TestDatabase } from "../database.js";
import { deliver, load } from "../ingest/deliveries.js";
import { bringPlaces, createFolder, type Folder, HEADER } from "../ingest/setup.js";
import { type Running, startRatesapp } from "./ratesapp.js";

const CSV = `${HEADER}\nCNSGH,NLRTM,2024-02-01,5\n`;

describe("a command that is stopped while it waits", function () {
  this.timeout(30_000);
  let database: TestDatabase;
  let folder: Folder;
  let path: string;
  let running: Running | undefined;
  let other: pg.PoolClient | undefined;

  beforeEach(async () => {
    database = await createDatabase();
    folder = await createFolder();
    await bringPlaces(database.pool);
    path = await folder.write("prices.csv", CSV);
  });
  afterEach(async () => {
    running?.child.kill("SIGKILL");
    other?.release(true);
    other = undefined;
    await folder.remove();
    await database.drop();
  });

  const start = (args: readonly string[], url = database.url) => {
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
      const { rowCount } = await database.pool.query(
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
    await planBatch(database, { ...delivery, ...limits, identity: await identity() }, "2024-01-01", false);
  }

  it("for the pieces that others load ends as it was told to", async () => {
    await plan(CSV.length);
    await database.pool.query(
      "UPDATE pieces SET state = 'loading', worker = 'other', attempts = 1, lease_until = now() + interval '1 hour'",
    );
    ingest();
    await asked("LEFT JOIN pieces p ON p.batch_id = b.id");
    await stop();
  });

  it("for the stream that another reads, too, and by Ctrl-C", async () => {
    path = await folder.write("prices.csv.gz", gzipSync(CSV));
    await plan(null);
    await database.pool.query("UPDATE batches SET worker = 'other', lease_until = now() + interval '1 hour'");
    ingest();
    await asked("LEFT JOIN pieces p ON p.batch_id = b.id");
    await stop("SIGINT");
  });

  it("for a database that is away", async () => {
    const url = new URL(database.url);
    url.port = "1";
    await start(["ingest", "run", "--source", path], url.href).line(/waiting for the database/);
    await stop();
  });

  it("for the writer of a pipe", async function () {
    if (process.platform !== "linux") this.skip();
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
      const { rows } = await database.pool.query<{ id: number }>("SELECT id FROM places WHERE kind = 'port' LIMIT 1");
      const origin = rows[0]?.id as number;
      batchId = await load(database.pool, { prices: [{ origin, destination: origin, day: "2024-02-01", price: 5 }] });
      await database.pool.query("UPDATE batches SET feed = 'default', identity = $1", [await identity()]);
      await database.run(beginAudit, { batchId, pricesPerPart: 1_000 });
    });

    it("for the part that another makes", async () => {
      other = await database.pool.connect();
      await other.query("BEGIN");
      await other.query("SELECT FROM audit_parts FOR UPDATE");
      ingest();
      await asked("FROM audit_parts p JOIN batches b");
      await stop();
    });

    it("for the end of a place import", async () => {
      other = await database.pool.connect();
      await other.query("BEGIN");
      await other.query(lockTree.text);
      ingest();
      await asked("ratesapp.tree", true);
      await stop();
    });
  });

  it("for a reader of a month that is to be dropped", async () => {
    const { rows } = await database.pool.query<{ id: number }>("SELECT id FROM places WHERE kind = 'port' LIMIT 1");
    const origin = rows[0]?.id as number;
    await deliver(database.pool, { prices: [{ origin, destination: origin, day: "2024-02-01", price: 5 }] });
    other = await database.pool.connect();
    await other.query("BEGIN");
    await other.query("SELECT FROM daily_rates");
    start(["batches", "compact", "--retention-days", "30"]);
    await asked("DETACH PARTITION", true);
    await stop();
  });
});
