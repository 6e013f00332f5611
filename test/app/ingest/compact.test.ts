import { expect } from "chai";
import fc from "fast-check";
import { BatchTooOldError } from "../../../app/batches/batch-error.js";
import { failBatch } from "../../../app/batches/fail.js";
import { publishBatch } from "../../../app/batches/publish.js";
import { retractBatch } from "../../../app/batches/retract.js";
import { Database } from "../../../app/database/database.js";
import { auditBatch } from "../../../app/ingest/audit/audit.js";
import { compact } from "../../../app/upkeep/compact.js";
import { UpkeepError } from "../../../app/upkeep/turns.js";
import { createDatabase, type TestDatabase } from "../../kit/database.js";
import { runs } from "../../kit/runs.js";
import { age, deliver, load, type Price, seen } from "./deliveries.js";
import { killAt } from "./kill-at.js";
import { plant, type Tree } from "./tree.js";

describe("compact", function () {
  this.timeout(60_000);
  let database: TestDatabase;
  let tree: Tree;

  beforeEach(async () => {
    database = await createDatabase();
    tree = await plant(database.pool, { regionParents: [-1, 0], portParents: [1, 1, 0] });
  });

  afterEach(() => database.drop());

  const price = (day: string, dollars: number): Price => ({
    origin: tree.ports[0] as number,
    destination: tree.ports[1] as number,
    day,
    price: dollars,
  });
  const DAYS = ["2024-01-30", "2024-01-31", "2024-02-01"];
  const number = async (query: string) => Number((await database.pool.query(query)).rows[0].n);
  const version = () => number("SELECT version AS n FROM dataset");
  const rates = () => number("SELECT count(*) AS n FROM daily_rates");

  async function deliverFive(): Promise<number[]> {
    const ids: number[] = [];
    for (let batch = 0; batch < 5; batch += 1) {
      const prices = DAYS.map((day) => price(day, 10 ** batch));
      ids.push(await deliver(database.pool, { mode: batch === 1 ? "replace" : "append", prices }));
    }
    return ids;
  }

  it("folds what can no longer be retracted into one row, and changes neither answers nor the version", async () => {
    const ids = await deliverFive();
    await age(database.pool, 31);
    const young = await deliver(database.pool, { prices: [price(DAYS[0] as string, 7)] });
    const before = { seen: await seen(database.pool), version: await version() };
    const report = await compact(database);
    expect(report.folded).to.equal(2);
    expect({ seen: await seen(database.pool), version: await version() }).to.deep.equal(before);
    // Two months × 3 places × 3 places, and 9 rows of the young batch.
    expect(await rates()).to.equal(18 + 9);
    const { rows } = await database.pool.query(
      "SELECT id, state FROM batches WHERE mode <> 'compaction' AND state <> 'compacted'",
    );
    expect(rows).to.deep.equal([{ id: young, state: "published" }]);
    expect((await compact(database)).folded).to.equal(0);
    const refused = await retractBatch(database, ids[4] as number).catch((error: unknown) => error);
    expect(refused).to.be.instanceOf(BatchTooOldError);
  });

  it("lets a later replace hide the fold, and a retract of it give it back", async () => {
    await deliverFive();
    await age(database.pool, 31);
    const before = await seen(database.pool);
    const replace = await deliver(database.pool, { mode: "replace", prices: DAYS.map((day) => price(day, 3)) });
    const hidden = await seen(database.pool);
    await compact(database);
    expect(await seen(database.pool)).to.deep.equal(hidden);
    await retractBatch(database, replace);
    expect(await seen(database.pool)).to.deep.equal(before);
    await publishBatch(database, replace);
    expect(await seen(database.pool)).to.deep.equal(hidden);
  });

  it("still knows a delivery that is sent again after it was folded, unless it was replaced", async () => {
    for (const nth of [1, 2, 3, 4]) {
      await deliver(database.pool, { prices: [price("2024-01-30", nth)], known: true });
    }
    await age(database.pool, 31);
    await compact(database);
    const before = await seen(database.pool);
    const repeated = { prices: [price("2024-01-30", 1)] };
    expect((await auditBatch(database, await load(database.pool, repeated))).state).to.equal("duplicate");
    expect(await seen(database.pool)).to.deep.equal(before);
    await deliver(database.pool, { mode: "replace", prices: [price("2024-01-30", 9)] });
    expect((await auditBatch(database, await load(database.pool, repeated))).state).to.equal("audited");
  });

  it("gives up a retracted batch that is too old, with its prices", async () => {
    const kept = await deliver(database.pool, { prices: [price("2024-01-30", 1)] });
    const gone = await deliver(database.pool, { prices: [price("2024-01-30", 2)] });
    await retractBatch(database, gone);
    await compact(database);
    expect(await number("SELECT count(*) AS n FROM prices")).to.equal(2);
    await age(database.pool, 31);
    expect(await compact(database)).to.deep.equal({ folded: 0, prices: 1, dailyRates: 0 });
    const error = await publishBatch(database, gone, { retractableDays: 365 }).catch((thrown: unknown) => thrown);
    expect(error).to.be.instanceOf(BatchTooOldError);
    expect((await database.pool.query("SELECT DISTINCT batch_id FROM prices")).rows).to.deep.equal([
      { batch_id: kept },
    ]);
  });

  it("forgets the bad lines of batches that failed long ago, and keeps those that were left out", async () => {
    const prices = [price("2024-05-01", 10)];
    const published = await deliver(database.pool, { prices });
    const [old, recent] = [await load(database.pool, { prices }), await load(database.pool, { prices })];
    await failBatch(database, old, "test");
    await failBatch(database, recent, "test");
    await database.pool.query("UPDATE batches SET failed_at = failed_at - interval '31 days' WHERE id = $1", [old]);
    await database.pool.query(
      "INSERT INTO bad_lines (batch_id, piece, line, reason) SELECT id, 0, 1, 'bad' FROM batches",
    );
    await compact(database);
    const { rows } = await database.pool.query("SELECT batch_id FROM bad_lines ORDER BY 1");
    expect(rows.map((row) => row.batch_id)).to.deep.equal([published, recent]);
  });

  it("leaves a month as it is of which a day, all batches together, could not be counted exactly, and ends well", async () => {
    for (const feed of ["a", "b"]) {
      for (let batch = 0; batch < 4; batch += 1) {
        await deliver(database.pool, {
          feed,
          prices: [price("2024-01-01", 1 + batch), price("2024-01-02", 1 + batch)],
        });
      }
    }
    const enlarge = (by: string) =>
      database.pool.query(
        `UPDATE batch_days SET price_sum = price_sum + (${by}) / 4
         WHERE day = '2024-01-01' AND batch_id IN (SELECT id FROM batches WHERE feed = 'a')`,
      );
    // The sums of the prices are 1 to 4, so this is one dollar too much.
    await enlarge("2::numeric ^ 53 - 8");
    await age(database.pool, 31);
    const before = await seen(database.pool);
    expect(await compact(database)).to.include({ folded: 1 });
    expect(await seen(database.pool)).to.deep.equal(before);
    const states = () =>
      database.pool.query("SELECT feed, state, count(*)::integer FROM batches GROUP BY 1, 2 ORDER BY 1, 2");
    expect((await states()).rows).to.deep.equal([
      { feed: "a", state: "published", count: 4 },
      { feed: "b", state: "compacted", count: 4 },
      { feed: "b", state: "published", count: 1 },
    ]);
    await enlarge("-4");
    expect(await compact(database)).to.include({ folded: 1 });
  });

  it("tells of a month that it cannot fold, and does all the rest", async () => {
    for (const feed of ["a", "b"]) {
      for (let batch = 0; batch < 4; batch += 1) {
        await deliver(database.pool, { feed, prices: DAYS.map((day) => price(day, 1 + batch)) });
      }
    }
    await database.pool.query(`
      CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION 'out of order'; END $$;
      CREATE TRIGGER refuse BEFORE INSERT ON batches FOR EACH ROW
      WHEN (NEW.feed = 'a' AND NEW.identity LIKE 'compaction 2024-01%') EXECUTE FUNCTION refuse()`);
    await failBatch(database, await load(database.pool, { prices: [price(DAYS[0] as string, 1)] }), "test");
    await age(database.pool, 31);
    const before = await seen(database.pool);
    const error = await compact(database).catch((thrown: unknown) => thrown);
    expect(error).to.be.instanceOf(UpkeepError);
    expect((error as Error).message).to.equal(
      "Not everything could be done:\n  a, 2024-01, was not folded: out of order",
    );
    expect(await seen(database.pool)).to.deep.equal(before);
    const { rows } = await database.pool.query(
      "SELECT feed, state, count(*)::integer FROM batches GROUP BY 1, 2 ORDER BY 1, 2",
    );
    expect(rows).to.deep.equal([
      { feed: "a", state: "failed", count: 1 },
      // Its February, its January as it was, and a fold of that.
      { feed: "a", state: "published", count: 6 },
      { feed: "b", state: "compacted", count: 4 },
      { feed: "b", state: "published", count: 2 },
    ]);
    expect(
      await number("SELECT count(*) AS n FROM prices p JOIN batches b ON b.id = batch_id WHERE state = 'failed'"),
    ).to.equal(0);
  });

  it("can be killed at any point and goes on, answers never changing", async () => {
    await deliverFive();
    await age(database.pool, 31);
    const before = await seen(database.pool);
    await fc.assert(
      fc.asyncProperty(fc.integer({ min: 1, max: 45 }), async (statements) => {
        const { pool, killed } = killAt(database.url, statements);
        await compact(new Database(pool, { patienceMs: 0, signal: killed })).catch(() => {});
        await pool.end();
        expect(await seen(database.pool)).to.deep.equal(before);
      }),
      { numRuns: runs(15) },
    );
    await compact(database);
    expect(await seen(database.pool)).to.deep.equal(before);
    expect(await rates()).to.equal(18);
    expect(await number("SELECT count(*) AS n FROM dead_months")).to.equal(0);
    expect(await number("SELECT count(*) AS n FROM batches WHERE mode = 'compaction'")).to.equal(2);
  });

  it("never shows a reader anything between before and after, also while batches are published", async () => {
    await deliverFive();
    await age(database.pool, 31);
    const toggled = await deliver(database.pool, { mode: "replace", prices: DAYS.map((day) => price(day, 3)) });
    const shown = await answers();
    await retractBatch(database, toggled);
    const retracted = await answers();
    let reading = true;
    const readers = Array.from({ length: 4 }, async () => {
      const found = new Set<string>();
      while (reading) found.add(await answers());
      return found;
    });
    const toggling = (async () => {
      for (let turn = 0; turn < 20; turn += 1) {
        await publishBatch(database, toggled);
        await retractBatch(database, toggled);
      }
    })();
    for (let turn = 0; turn < 5; turn += 1) await compact(database, { batchesPerMonth: 2 });
    await toggling;
    reading = false;
    for (const found of await Promise.all(readers)) expect([shown, retracted]).to.include.members([...found]);
  });

  /** Every answer that consumers can get, in one statement. */
  async function answers(): Promise<string> {
    return JSON.stringify([...(await seen(database.pool))]);
  }

  it("lets two run at once", async () => {
    await deliverFive();
    await age(database.pool, 31);
    const before = await seen(database.pool);
    await Promise.all([compact(database), compact(database), compact(database)]);
    await compact(database);
    expect(await seen(database.pool)).to.deep.equal(before);
    expect(await rates()).to.equal(18);
  });
});
