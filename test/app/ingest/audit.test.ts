import { expect } from "chai";
import fc from "fast-check";
import pg from "pg";
import { BatchNotFoundError, BatchStateError } from "../../../app/batches/batch-error.js";
import { failBatch } from "../../../app/batches/fail.js";
import { publishBatch } from "../../../app/batches/publish.js";
import { retractBatch } from "../../../app/batches/retract.js";
import { Database } from "../../../app/database/database.js";
import { Session } from "../../../app/database/queries.js";
import { type AuditReport, auditBatch } from "../../../app/ingest/audit/audit.js";
import { beginAudit, boundPart, setPartDone } from "../../../app/ingest/audit/audit.sql.js";
import { writeDays } from "../../../app/ingest/audit/end-audit.js";
import { lockDataset } from "../../../app/rates/dataset.sql.js";
import { findBlocks } from "../../../app/rates/roll-up/roll-up.sql.js";
import { type PartTotals, rollUpPrices } from "../../../app/rates/roll-up/roll-up-prices.js";
import { createSums, SpareSums } from "../../../app/rates/roll-up/spare-sums.js";
import { reclaimBatch } from "../../../app/upkeep/reclaim.js";
import { createDatabase, type TestDatabase } from "../../kit/database.js";
import { runs } from "../../kit/runs.js";
import { until } from "../../kit/until.js";
import { deliver, load, type Price, seen } from "./deliveries.js";
import { killAt } from "./kill-at.js";
import { rollUp } from "./model.js";
import { plant, type Tree } from "./tree.js";

describe("auditBatch", function () {
  this.timeout(60_000);
  let database: TestDatabase;
  let tree: Tree;

  beforeEach(async () => {
    database = await createDatabase();
    tree = await plant(database.pool, { regionParents: [-1, 0, 1], portParents: [2, 2, 1, -1] });
  });

  afterEach(() => database.drop());

  const price = (from: number, to: number, day: string, dollars: number): Price => ({
    origin: tree.ports[from] as number,
    destination: tree.ports[to] as number,
    day,
    price: dollars,
  });

  const MONTHS = ["2024-01-31", "2024-02-01", "2024-02-29", "2024-03-15", "2024-12-31"];
  const some = () =>
    MONTHS.flatMap((day, index) => [price(0, 2, day, index + 1), price(1, 3, day, 10), price(0, 0, day, 5)]);

  async function left(): Promise<number> {
    const { rows } = await database.pool.query(
      `SELECT (SELECT count(*) FROM prices) + (SELECT count(*) FROM daily_rates) + (SELECT count(*) FROM batch_days)
         + (SELECT count(*) FROM dead_months) + (SELECT count(*) FROM audit_parts) AS n`,
    );
    return Number(rows[0].n);
  }

  it("gives a port and all regions above it their sums, at both ends", async () => {
    await deliver(database.pool, { prices: some(), pieces: 3 });
    expect(await seen(database.pool)).to.deep.equal(
      new Map([...rollUp(tree, some())].sort(([a], [b]) => (a < b ? -1 : 1))),
    );
  });

  it("is shared by workers, each month made once", async () => {
    const id = await load(database.pool, { prices: some() });
    const parts: string[] = [];
    const reports = await Promise.all(
      Array.from({ length: 6 }, () => auditBatch(database, id, { onPart: () => parts.push("part") })),
    );
    expect(reports.map(({ state }) => state)).to.deep.equal(Array.from({ length: 6 }, () => "audited"));
    expect(parts).to.have.length(4);
    await publishBatch(database, id);
    expect(await seen(database.pool)).to.deep.equal(
      new Map([...rollUp(tree, some())].sort(([a], [b]) => (a < b ? -1 : 1))),
    );
  });

  it("goes on where killed workers left it, at any point", async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(fc.nat({ max: 25 }), { maxLength: 4 }), async (kills) => {
        const id = await load(database.pool, { prices: some() });
        for (const statements of kills) await auditUntilKilled(id, statements);
        const report = await auditBatch(database, id);
        expect(report.state).to.equal("audited");
        await publishBatch(database, id);
        expect((await seen(database.pool)).size).to.equal(rollUp(tree, some()).size);
        await retractBatch(database, id);
      }),
      { numRuns: runs(10) },
    );
  });

  async function auditUntilKilled(id: number, statements: number): Promise<void> {
    const { pool, killed } = killAt(database.url, statements);
    await auditBatch(new Database(pool, { signal: killed }), id).catch(() => {});
    await pool.end();
  }

  it("makes a month again that the database lost after it was told, as a primary does that moves", async () => {
    const id = await load(database.pool, { prices: some() });
    const holder = await database.pool.connect();
    await holder.query("BEGIN");
    await new Session(holder).run(lockDataset);
    const report = auditBatch(database, id);
    await until("all months are made", async () => {
      const { rows } = await database.pool.query("SELECT bool_and(done) AS done FROM audit_parts");
      return rows[0].done === true;
    });
    await database.pool.query("DELETE FROM daily_rates WHERE first_day = '2024-02-01'");
    await database.pool.query("DELETE FROM batch_days WHERE day >= '2024-02-01' AND day < '2024-03-01'");
    await database.pool.query("UPDATE audit_parts SET done = false, checksum = NULL WHERE from_day = '2024-02-01'");
    await holder.query("COMMIT");
    holder.release();
    expect((await report).state).to.equal("audited");
    await publishBatch(database, id);
    expect(await seen(database.pool)).to.deep.equal(
      new Map([...rollUp(tree, some())].sort(([a], [b]) => (a < b ? -1 : 1))),
    );
  });

  it("finds its prices by the index, in a month whose statistics know only other batches", async () => {
    await deliver(database.pool, { prices: some() });
    await database.pool.query("ANALYZE");
    const client = await database.pool.connect();
    await client.query("BEGIN");
    await new Session(client).run(boundPart);
    const { rows } = await client.query(`EXPLAIN ${findBlocks.text}`, [2, "2024-02-01", "2024-03-01"]);
    await client.query("ROLLBACK");
    client.release();
    const plan = rows.map((row) => row["QUERY PLAN"]).join("\n");
    expect(plan)
      .to.match(/Bitmap Index Scan on prices_2024_02_batch_id_idx/)
      .and.not.match(/Seq Scan on prices/);
  });

  it("loses no price where the planner would read a month by several processes, whose first row is not the table's", async () => {
    const days = Array.from({ length: 36 }, (_, month) =>
      new Date(Date.UTC(2024, month, 15)).toISOString().slice(0, 10),
    );
    const id = await load(database.pool, {
      prices: days.flatMap((day) => Array.from({ length: 2_000 }, () => price(0, 1, day, 7))),
    });
    await database.pool.query("ANALYZE");
    const eager =
      "-c parallel_setup_cost=0 -c parallel_tuple_cost=0 -c min_parallel_table_scan_size=0 -c parallel_leader_participation=off";
    const pool = new pg.Pool({ connectionString: database.url, options: eager });
    const { failure } = await auditBatch(new Database(pool), id);
    await pool.end();
    expect(failure).to.equal(null);
  });

  it("gives the same rates in little memory, day by day and in several rows where a day has more lanes than fit", async () => {
    await database.drop();
    database = await createDatabase();
    const wide = await plant(database.pool, {
      regionParents: [-1, 0],
      portParents: Array.from({ length: 75 }, (_, i) => (i % 3) - 1),
    });
    const once = wide.ports.flatMap((origin, from) =>
      wide.ports.flatMap((destination, to) =>
        ["2024-02-28", "2024-02-29"].map((day) => ({ origin, destination, day, price: 1 + from * 75 + to })),
      ),
    );
    const prices = [...once, ...once];
    const wanted = new Map([...rollUp(wide, prices)].sort(([a], [b]) => (a < b ? -1 : 1)));
    const rows: number[] = [];
    for (const bytes of [24 * 1024 * 1024, 2_400_000, 200_000]) {
      const id = await load(database.pool, { prices });
      expect((await auditBatch(database, id, { sums: new SpareSums(bytes) })).state).to.equal("audited");
      await publishBatch(database, id);
      expect(await seen(database.pool)).to.deep.equal(wanted);
      const made = await database.pool.query("SELECT count(*)::integer AS n FROM daily_rates WHERE batch_id = $1", [
        id,
      ]);
      rows.push(made.rows[0].n);
      await retractBatch(database, id);
    }
    const lanes = wanted.size / 2;
    expect(rows.slice(0, 2)).to.deep.equal([lanes, lanes]);
    expect(rows[2]).to.be.above(2 * lanes);
  });

  it("fails a batch of which a price was changed for another with the same sum", async () => {
    const id = await load(database.pool, { prices: [price(0, 1, "2024-01-31", 3), price(0, 2, "2024-01-31", 4)] });
    await database.pool.query("UPDATE prices SET price = 7 - price");
    const report = await auditBatch(database, id);
    expect(report).to.include({ state: "failed" });
    expect(report.failure).to.match(/checksum/);
  });

  it("fails a batch whose prices are not those that its pieces reported", async () => {
    const id = await load(database.pool, { prices: some() });
    await database.pool.query("DELETE FROM prices WHERE price = 3");
    const report = await auditBatch(database, id);
    expect(report.state).to.equal("failed");
    expect(report.failure).to.match(/The audit found 14 prices .* but 15 /);
    await reclaimBatch(database, id);
    expect(await left()).to.equal(0);
  });

  describe("that meets an error", () => {
    let id: number;
    beforeEach(async () => {
      id = await load(database.pool, { prices: some() });
    });

    const meet = (state: string) =>
      database.pool.query(`CREATE FUNCTION fail() RETURNS trigger LANGUAGE plpgsql AS
        $$ BEGIN RAISE EXCEPTION 'it cannot be' USING ERRCODE = '${state}'; END $$;
        CREATE TRIGGER fails BEFORE INSERT ON batch_days FOR EACH ROW EXECUTE FUNCTION fail()`);
    const stored = async () => (await database.pool.query("SELECT state, failure, failed_for_good FROM batches")).rows;

    for (const state of ["22003", "23514", "54000"]) {
      it(`which comes again each time (${state}), fails with it instead of keeping every run from ending well`, async () => {
        await meet(state);
        const reports = await Promise.all([auditBatch(database, id), auditBatch(database, id)]);
        const failure = "Its audit fails each time, and so would another try: it cannot be.";
        for (const report of reports) expect(report).to.include({ state: "failed", failure });
        expect(await stored()).to.deep.equal([{ state: "failed", failure, failed_for_good: true }]);
        await reclaimBatch(database, id);
        expect(await left()).to.equal(0);
      });
    }

    for (const state of ["53200", "42501", "57014"]) {
      it(`which an operator can mend (${state}), is left for the next run`, async () => {
        await meet(state);
        await rejects(auditBatch(database, id), pg.DatabaseError, /it cannot be/);
        expect(await stored()).to.deep.equal([{ state: "auditing", failure: null, failed_for_good: false }]);
        await database.pool.query("DROP TRIGGER fails ON batch_days");
        expect((await auditBatch(database, id)).state).to.equal("audited");
      });
    }
  });

  it("fails a batch whose day adds up to more than can be counted exactly, and says what to do", async () => {
    // Stands for the real limit of 2^53, which would take four million of the highest prices.
    await database.pool.query(`ALTER TABLE batch_days DROP CONSTRAINT batch_days_price_sum_check,
      ADD CONSTRAINT batch_days_price_sum_check CHECK (price_sum < 1000)`);
    const fits = await load(database.pool, { prices: [price(0, 1, "2024-01-31", 998), price(1, 0, "2024-01-31", 1)] });
    expect((await auditBatch(database, fits)).state).to.equal("audited");
    const id = await load(database.pool, {
      prices: [price(0, 1, "2024-01-30", 999), price(0, 1, "2024-01-31", 998), price(1, 0, "2024-01-31", 2)],
    });
    const { state, failure } = await auditBatch(database, id);
    expect(state).to.equal("failed");
    expect(failure).to.equal(
      "The prices of 2024-01-31 add up to more than the 9,007,199,254,740,991 dollars that a day may have in one batch: repair those that are wrong, or deliver the day in several batches.",
    );
  });

  it("makes the rates of ports that lie in hundreds of regions, as of any other", async () => {
    await database.drop();
    database = await createDatabase();
    const levels = 200;
    const tower = (base: number) => Array.from({ length: levels }, (_, level) => (level === 0 ? -1 : base + level - 1));
    const deep = await plant(database.pool, {
      regionParents: [...tower(0), ...tower(levels)],
      portParents: [levels - 1, 2 * levels - 1],
    });
    const prices = ["2024-01-31", "2024-02-01"].map((day) => ({
      origin: deep.ports[0] as number,
      destination: deep.ports[1] as number,
      day,
      price: 7,
    }));
    await deliver(database.pool, { prices });
    const found = await seen(database.pool);
    expect(found.size).to.equal(2 * (levels + 1) ** 2);
    expect([...new Set(found.values())]).to.deep.equal(["1/7"]);
  });

  it("says which published batch is repeated, unless that one was hidden or retracted", async () => {
    const first = await deliver(database.pool, { prices: some(), known: true });
    const second = await load(database.pool, { prices: some(), pieces: 2, known: true });
    expect(await auditBatch(database, second)).to.include({ state: "duplicate", duplicateOf: first });
    await retractBatch(database, first);
    const third = await load(database.pool, { prices: some(), known: true });
    expect((await auditBatch(database, third)).state).to.equal("audited");
    // Both batches are audited before either is published. The batch that is published second is the duplicate.
    await publishBatch(database, first);
    expect(await publishBatch(database, third)).to.include({ state: "duplicate", duplicateOf: first });
  });

  it("leaves a batch alone that a user retracted or failed before a slow worker came to publish it", async () => {
    const id = await deliver(database.pool, { prices: some() });
    await retractBatch(database, id);
    expect(await publishBatch(database, id, { onlyAudited: true })).to.include({
      state: "retracted",
      changed: false,
    });
    const other = await load(database.pool, { prices: some() });
    await auditBatch(database, other);
    await failBatch(database, other, "test");
    expect(await publishBatch(database, other, { onlyAudited: true })).to.include({
      state: "failed",
      changed: false,
    });
    expect((await seen(database.pool)).size).to.equal(0);
  });

  it("takes a replace that goes back to earlier prices", async () => {
    const mode = "replace" as const;
    await deliver(database.pool, { mode, prices: some(), known: true });
    await deliver(database.pool, { mode, prices: [price(0, 1, "2024-01-31", 7)] });
    const back = await load(database.pool, { mode, prices: some(), known: true });
    expect((await auditBatch(database, back)).state).to.equal("audited");
  });

  it("refuses a batch with pieces on their way, and one that is not there", async () => {
    const id = await load(database.pool, { prices: some(), pieces: 2 });
    await database.pool.query("UPDATE pieces SET state = 'waiting' WHERE number = 1");
    await rejects(auditBatch(database, id), BatchStateError, /1 of its pieces/);
    await rejects(auditBatch(database, 999), BatchNotFoundError, /no batch 999/);
    await rejects(publishBatch(database, id), BatchStateError, /is loading/);
    await rejects(retractBatch(database, id), BatchStateError, /is loading/);
  });

  it("leaves a small batch to a worker that shares it in parts, as those of the release before do", async () => {
    const prices = [price(0, 1, "2024-01-30", 3), price(0, 2, "2024-01-31", 4)];
    const id = await load(database.pool, { prices });
    const part = { batchId: id, fromDay: "2024-01-01", toDay: "2024-02-01" };
    let audited: Promise<AuditReport> | undefined;
    await database.transaction(async (session) => {
      const totals = (await rollUpPrices(session, part, createSums(24_000_000))) as PartTotals;
      await session.run(beginAudit, { batchId: id, pricesPerPart: 1_000_000 });
      await writeDays(session, id, part.fromDay, totals);
      await session.run(setPartDone, { ...part, checksum: totals.checksum });
      audited = auditBatch(database, id);
      await until("the other waits for the days", async () => {
        const { rows } = await database.pool.query(
          "SELECT FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock' AND query LIKE '%INSERT INTO batch_days%'",
        );
        return rows.length === 1;
      });
    });
    expect(await audited).to.include({ state: "audited", failure: null });
    await publishBatch(database, id);
    expect(await seen(database.pool)).to.deep.equal(
      new Map([...rollUp(tree, prices)].sort(([a], [b]) => (a < b ? -1 : 1))),
    );
  });

  it("stops when the batch is failed meanwhile, and leaves nothing", async () => {
    const id = await load(database.pool, { prices: some() });
    let failed = false;
    const report = await auditBatch(database, id, {
      onPart: () => {
        if (!failed) void failBatch(database, id, "stopped");
        failed = true;
      },
    });
    // The failure comes before the end of the audit, which then reports it, or after the end, and then undoes the
    // audit.
    expect(["failed", "audited"]).to.include(report.state);
    await failBatch(database, id, "stopped");
    await reclaimBatch(database, id);
    expect(await left()).to.equal(0);
    const { rows } = await database.pool.query("SELECT reclaimed_at FROM batches WHERE id = $1", [id]);
    expect(rows[0].reclaimed_at).to.not.equal(null);
  });
});

async function rejects(
  promise: Promise<unknown>,
  kind: abstract new (...args: never[]) => Error,
  message: RegExp,
): Promise<void> {
  const error = await promise.then(
    () => undefined,
    (thrown: unknown) => thrown,
  );
  expect(error).to.be.instanceOf(kind);
  expect((error as Error).message).to.match(message);
}
