import { expect } from "chai";
import { ensureMonths } from "../../../app/ingest/load/ensure-months.js";
import { createDatabase, type TestDatabase } from "../../kit/database.js";

describe("ensureMonths", () => {
  let database: TestDatabase;

  before(async () => {
    database = await createDatabase();
  });
  after(() => database.drop());

  it("makes each month once, also when several workers ask at the same time", async () => {
    const months = Array.from({ length: 12 }, (_, index) => `2024-${String(index + 1).padStart(2, "0")}-01`);
    const asked = Array.from({ length: 12 }, (_, turn) =>
      ensureMonths(
        database,
        months.toSorted(() => (turn % 3) - 1),
      ),
    );
    expect(await Promise.all(asked)).to.deep.equal(asked.map(() => true));
    const { rows } = await database.pool.query(
      "SELECT inhparent::regclass::text AS parent, count(*)::integer AS months FROM pg_inherits WHERE inhparent IN ('prices'::regclass, 'daily_rates'::regclass) GROUP BY 1 ORDER BY 1",
    );
    expect(rows).to.deep.equal([
      { parent: "daily_rates", months: 12 },
      { parent: "prices", months: 12 },
    ]);
  });

  it("does not wait for the COPY of another worker", () =>
    withLock("prices, daily_rates IN ROW EXCLUSIVE", ["2030-01-01"]));

  it("waits for no vacuum of another month, which may take hours", async () => {
    await ensureMonths(database, ["2031-01-01"]);
    await withLock("prices_2031_01, daily_rates_2031_01 IN SHARE UPDATE EXCLUSIVE", ["2031-02-01"]);
  });

  async function withLock(lock: string, months: readonly string[]): Promise<void> {
    const client = await database.pool.connect();
    try {
      await client.query("BEGIN");
      await client.query(`LOCK TABLE ${lock} MODE`);
      expect(await ensureMonths(database, months)).to.equal(true);
    } finally {
      await client.query("ROLLBACK");
      client.release();
    }
  }
});
