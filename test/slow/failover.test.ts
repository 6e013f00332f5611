import { setTimeout as sleep } from "node:timers/promises";
import { expect } from "chai";
import type pg from "pg";
import { migrate } from "../../app/database/migrate.js";
import { openPool } from "../../app/database/pool.js";
import { isTransient } from "../../app/database/sqlstates.js";
import { startRatesapp } from "../app/commands/ratesapp.js";
import { PostgresPair } from "../app/ingest/postgres-pair.js";
import {
  bringPlaces,
  createFolder,
  type Folder,
  HEADER,
  readTotals,
  someLines,
  totalsOf,
} from "../app/ingest/setup.js";
import { TcpProxy } from "../kit/tcp-proxy.js";
import { until } from "../kit/until.js";

/** Makes the delivery three pieces long, so that the primary can be lost between two of them. */
const REPEATS = 30;
const lines = someLines(60_000);
const content = `${HEADER}\n${`${lines.join("\n")}\n`.repeat(REPEATS)}`;

describe("ingest, when the primary is lost and a standby takes its place", function () {
  this.timeout(180_000);
  let pair: PostgresPair;
  let proxy: TcpProxy;
  let folder: Folder;
  const undo: (() => unknown)[] = [];
  const open = (url: string): pg.Pool => {
    const pool = openPool({ url, size: 2, applicationName: "test", statementTimeoutMs: 0 });
    undo.push(() => pool.end());
    return pool;
  };

  beforeEach(async () => {
    pair = await PostgresPair.create();
    undo.push(() => pair.stop());
    await pair.start();
    proxy = await TcpProxy.start(pair.primaryUrl);
    undo.push(() => proxy.stop());
    folder = await createFolder();
    undo.push(() => folder.remove());
  });

  // Also runs after a failed test: otherwise two servers and a worker would go on running.
  afterEach(async () => {
    for (const step of undo.splice(0).reverse()) await step();
  });

  it("is known by an audit that finds the standby not yet promoted, as something to wait for", async () => {
    await migrate(pair.primaryUrl);
    const standby = open(pair.standbyUrl);
    const summarize = () => standby.query("SELECT summarize_month('2024-01-01')").catch((error: unknown) => error);
    let error = await summarize();
    while ((error as { code?: string }).code === "42883") error = await summarize();
    expect(isTransient(error)).to.equal(true);
  });

  for (const [moment, query] of [
    ["between two pieces", "SELECT FROM pieces WHERE state = 'loaded' HAVING count(*) BETWEEN 1 AND 2"],
    ["in the audit", "SELECT FROM batches WHERE state = 'auditing'"],
  ] as const) {
    it(`publishes the batch once and with the right sums: ${moment}`, async () => {
      const primary = open(pair.primaryUrl);
      await migrate(pair.primaryUrl);
      await bringPlaces(primary);
      const path = await folder.write("prices.csv", content);
      const worker = startRatesapp(["ingest", "run", "--source", path], {
        DATABASE_URL: proxy.url(pair.primaryUrl),
        LOG_FORMAT: "json",
      });
      undo.push(() => worker.child.kill("SIGKILL"));

      await until(moment, async () => (await primary.query(query)).rowCount !== 0, { timeoutMs: 60_000, everyMs: 5 });
      await pair.killPrimary();
      proxy.cut();
      // For a while there is only a standby, which refuses to write.
      proxy.leadTo(pair.standbyUrl);
      await sleep(1_500);
      await pair.promote();

      const { code, stdout, stderr } = await worker.ended;
      expect(stdout, stderr).to.equal("Batch 1 (prices.csv) is published: 1,800,000 prices.\n");
      expect(code).to.equal(0);
      const promoted = open(pair.standbyUrl);
      const one = totalsOf(lines);
      const expected = { rows: one.rows * REPEATS, sum: one.sum * REPEATS };
      const { visible, stored } = await readTotals(promoted);
      expect(visible).to.deep.equal(expected);
      expect(stored).to.deep.equal(expected);
      const { rows } = await promoted.query("SELECT version::integer FROM dataset");
      expect(rows).to.deep.equal([{ version: 2 }]);
    });
  }
});
