import { expect } from "chai";
import pg from "pg";
import { Database } from "../../../app/database/database.js";
import { openPool } from "../../../app/database/pool.js";
import { auditBatch } from "../../../app/ingest/audit/audit.js";
import { ingestSource } from "../../../app/ingest/ingest-source.js";
import { dropOldMonths, NotOwnerError } from "../../../app/upkeep/retention.js";
import { createDatabase, type TestDatabase } from "../../kit/database.js";
import { until } from "../../kit/until.js";
import { deliver, load, type Price, seen } from "./deliveries.js";
import { killAt } from "./kill-at.js";
import { bringPlaces, createFolder, type Folder, HEADER, only } from "./setup.js";
import { plant, type Tree } from "./tree.js";

describe("dropOldMonths", function () {
  this.timeout(60_000);
  let database: TestDatabase;
  let tree: Tree;
  const today = new Date().toISOString().slice(0, 10);

  beforeEach(async () => {
    database = await createDatabase();
    tree = await plant(database.pool, { regionParents: [-1], portParents: [0, 0] });
  });

  afterEach(() => database.drop());

  const price = (day: string): Price => ({
    origin: tree.ports[0] as number,
    destination: tree.ports[1] as number,
    day,
    price: 1,
  });
  const days = async () => [...new Set([...(await seen(database.pool)).keys()].map((key) => key.split(" ")[1]))].sort();
  const partitions = async () =>
    (
      await database.pool.query(
        "SELECT relname FROM pg_class WHERE relkind = 'r' AND relname ~ '_\\d{4}_\\d{2}$' ORDER BY 1",
      )
    ).rows.length;
  const version = async () => Number((await database.pool.query("SELECT version FROM dataset")).rows[0].version);

  it("drops whole months and grows the version once for each that consumers saw", async () => {
    await deliver(database.pool, { prices: ["2020-01-05", "2020-02-05", today].map(price) });
    const before = await version();
    expect(await dropOldMonths(database, { retentionDays: 30 })).to.deep.equal(["2020-01-01", "2020-02-01"]);
    expect(await days()).to.deep.equal([today]);
    expect(await partitions()).to.equal(2);
    expect(await version()).to.equal(before + 2);
    expect(await dropOldMonths(database, { retentionDays: 30 })).to.deep.equal([]);
    await deliver(database.pool, { prices: [price("2020-01-06")] });
    expect(await days()).to.deep.equal(["2020-01-06", today]);
  });

  it("leaves months that an unfinished batch has prices of", async () => {
    await deliver(database.pool, { prices: [price("2020-01-05")] });
    const id = await load(database.pool, { prices: [price("2020-01-06")] });
    expect(await dropOldMonths(database, { retentionDays: 30 })).to.deep.equal([]);
    expect((await auditBatch(database, id)).state).to.equal("audited");
  });

  it("goes on wherever it was killed", async () => {
    for (let statements = 1; statements <= 20; statements += 1) {
      await deliver(database.pool, { prices: ["2020-01-05", today].map(price) });
      const { pool } = killAt(database.url, statements);
      await dropOldMonths(new Database(pool), { retentionDays: 30 }).catch(() => {});
      await pool.end();
      await dropOldMonths(database, { retentionDays: 30 });
      expect(await partitions()).to.equal(2);
      expect(await days()).to.deep.equal([today]);
    }
  });

  it("finishes a detach that was interrupted, and does not make readers wait", async () => {
    await deliver(database.pool, { prices: ["2020-01-05", today].map(price) });
    const reader = await database.pool.connect();
    await reader.query("BEGIN");
    await reader.query("SELECT count(*) FROM daily_rates");
    const dropping = dropOldMonths(database, { retentionDays: 30 });
    // The detach tries again and again to get past the reader above. No other reader waits for the detach.
    for (let turn = 0; turn < 25; turn += 1) {
      const begun = performance.now();
      await database.pool.query("SELECT count(*) FROM daily_rates");
      expect(performance.now() - begun).to.be.lessThan(1_000);
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
    await reader.query("COMMIT");
    reader.release();
    await dropping;
    expect(await partitions()).to.equal(2);
  });

  describe("beside loads of the months that it drops", () => {
    let folder: Folder;
    const loads: pg.Pool[] = [];
    const load = async (name: string, lines: readonly string[], feed = "default") => {
      const pool = openPool({ url: database.url, size: 8, applicationName: "test", statementTimeoutMs: 0 });
      loads.push(pool);
      const source = await folder.write(name, `${HEADER}\n${lines.join("\n")}\n`);
      return only(await ingestSource({ database: new Database(pool, {}), source, feed }));
    };

    beforeEach(async () => {
      folder = await createFolder();
      await bringPlaces(database.pool);
    });
    afterEach(async () => {
      await Promise.all(loads.splice(0).map((pool) => pool.end()));
      await folder.remove();
    });

    it("fails none of them, and drops what they brought the next time", async () => {
      let loading = true;
      const dropping = Promise.all(
        [1, 2].map(async () => {
          while (loading) await dropOldMonths(database, { retentionDays: 30 });
        }),
      );
      for (let round = 0; round < 10; round += 1) {
        const old = ["2020-01", "2020-02", "2020-03"].flatMap((month) =>
          ["04", "05"].map((day) => `CNSGH,NLRTM,${month}-${day},${round + 1}`),
        );
        const [alone, together] = await Promise.all([
          load(`${round}.csv`, old),
          load(`${round} too.csv`, [...old, `CNSGH,NLRTM,${today},${round + 1}`], "other"),
        ]);
        expect(alone).to.include({ state: "published", rows: 6 });
        expect(together).to.include({ state: "published", rows: 7 });
      }
      loading = false;
      await dropping;
      await dropOldMonths(database, { retentionDays: 30 });
      expect(await days()).to.deep.equal([today]);
      expect(await partitions()).to.equal(2);
      // No drop is under way any more, so an old month that is loaded now stays until the next run.
      await load("last.csv", ["CNSGH,NLRTM,2020-02-05,9"]);
      expect(await days()).to.deep.equal(["2020-02-05", today]);
    });

    it("lets one wait for the end of a drop that has begun, and not the other way round", async () => {
      await deliver(database.pool, { prices: [price("2020-01-05")] });
      const reader = await database.pool.connect();
      await reader.query("BEGIN");
      await reader.query("SELECT count(*) FROM daily_rates");
      const dropping = dropOldMonths(database, { retentionDays: 30 });
      await until("a month is on its way out", async () => (await steps()).includes("pending"));
      const loading = load("old.csv", ["CNSGH,NLRTM,2020-01-06,5", "CNSGH,NLRTM,2020-02-06,5"]);
      await until("its prices are loaded", async () => {
        const { rows } = await database.pool.query("SELECT count(*)::integer AS aside FROM prices_aside");
        return rows[0].aside === 2;
      });
      await reader.query("COMMIT");
      reader.release();
      expect(await dropping).to.deep.equal(["2020-01-01"]);
      expect((await loading).state).to.equal("published");
      expect(await days()).to.deep.equal(["2020-01-06", "2020-02-06"]);
    });

    for (const step of ["pending", "detached"]) {
      it(`takes up what a drop that was killed has left ${step}`, async () => {
        for (const parent of ["daily_rates", "prices"]) {
          await deliver(database.pool, { prices: [price("2020-01-05")] });
          await leave(parent, step);
          expect(await steps()).to.include(step);
          expect((await load(`${parent}.csv`, ["CNSGH,NLRTM,2020-01-06,5"], parent)).state).to.equal("published");
          expect(await steps()).to.deep.equal(["attached", "attached"]);
          expect(await days()).to.include("2020-01-06");
        }
      });
    }

    async function leave(parent: string, step: string): Promise<void> {
      await database.pool.query("DELETE FROM batch_days");
      const reader = await database.pool.connect();
      const dropper = await database.pool.connect();
      await reader.query("BEGIN");
      if (step === "pending") await reader.query(`SELECT FROM ${parent}`);
      await dropper.query("SET lock_timeout = '100ms'");
      await dropper
        .query(`ALTER TABLE ${parent} DETACH PARTITION ${parent}_2020_01 CONCURRENTLY`)
        .catch((error: Error) => expect(error.message).to.match(/lock timeout/));
      await reader.query("COMMIT");
      reader.release();
      dropper.release(true);
    }

    const steps = async (): Promise<string[]> =>
      (
        await database.pool.query<{ step: string }>(
          `SELECT month_step(relname) AS step FROM pg_class WHERE relkind = 'r' AND relname ~ '_2020_01$'`,
        )
      ).rows.map(({ step }) => step);
  });

  it("hides no price where the role may not drop tables, and says so", async () => {
    await deliver(database.pool, { prices: ["2020-01-05", today].map(price) });
    const role = `loader_${process.pid}`;
    await database.pool.query(`CREATE ROLE ${role} LOGIN PASSWORD 'x'`);
    const url = new URL(database.url);
    url.username = role;
    url.password = "x";
    const pool = new pg.Pool({ connectionString: url.href });
    try {
      await database.pool.query(`GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA public TO ${role}`);
      const error = await dropOldMonths(new Database(pool), { retentionDays: 30 }).catch((thrown: unknown) => thrown);
      expect(error).to.be.instanceOf(NotOwnerError);
      expect(await days()).to.deep.equal(["2020-01-05", today]);
    } finally {
      await pool.end();
      await database.pool.query(`DROP OWNED BY ${role}`);
      await database.pool.query(`DROP ROLE ${role}`);
    }
  });
});
