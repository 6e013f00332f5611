import { expect } from "chai";
import { RatesFinder } from "../../../app/rates/find-rates.js";
import { deliver } from "../../kit/batches.js";
import { useDatabase } from "../../kit/database.js";
import { bringPlaces } from "../../kit/places.js";

describe("the statement of rates", () => {
  const test = useDatabase();

  before(async () => {
    await bringPlaces(test.database);
    const months = Array.from({ length: 36 }, (_, index) =>
      new Date(Date.UTC(2022, index, 15)).toISOString().slice(0, 10),
    );
    await deliver(test.database, {
      prices: months.map((day) => ({ origin: "CNSGH", destination: "NLRTM", day, price: 100 })),
    });
    await test.pool.query("ANALYZE");
  });

  const question = (dateFrom: string, dateTo: string) => ({ origin: "CNSGH", destination: "NLRTM", dateFrom, dateTo });

  it("is prepared for months that have prices, with a plan that locks no other month", async () => {
    const finder = new RatesFinder();
    const client = await test.pool.connect();
    try {
      for (let turn = 0; turn < 10; turn += 1) await finder.find(client, question("2023-05-01", "2023-06-30"));
      const { rows: prepared } = await client.query<{ generic_plans: string }>(
        "SELECT generic_plans FROM pg_prepared_statements WHERE name = 'rates 2023-05 2023-06'",
      );
      expect(Number(prepared[0]?.generic_plans)).to.be.greaterThan(0);
      await client.query("BEGIN");
      const found = await finder.find(client, question("2023-05-01", "2023-06-30"));
      const { rows: locked } = await client.query<{ name: string }>(
        `SELECT DISTINCT relation::regclass::text AS name FROM pg_locks
         WHERE pid = pg_backend_pid() AND relation::regclass::text ~ '^daily_rates_\\d{4}_\\d\\d$' ORDER BY 1`,
      );
      await client.query("ROLLBACK");
      expect(locked.map(({ name }) => name)).to.deep.equal(["daily_rates_2023_05", "daily_rates_2023_06"]);
      expect(found.counts.reduce((sum, count) => sum + count, 0)).to.equal(2);
    } finally {
      client.release();
    }
  });

  it("is not prepared for odd days and long ranges, which would fill the memory of the database", async () => {
    const finder = new RatesFinder();
    const client = await test.pool.connect();
    try {
      await client.query("DEALLOCATE ALL");
      for (let turn = 0; turn < 3; turn += 1) {
        await finder.find(client, question("1923-05-01", "1923-05-31"));
        await finder.find(client, question("2023-01-01", "2023-12-31"));
      }
      const { rows } = await client.query("SELECT name FROM pg_prepared_statements");
      expect(rows).to.deep.equal([]);
    } finally {
      client.release(true);
    }
  });

  it("is prepared for months that are asked for now, when those that filled the room are asked for no more", async () => {
    const month = (index: number) => new Date(Date.UTC(2022, index, 1)).toISOString().slice(0, 7);
    const isLatePrepared = async (forgottenAfterMs: number) => {
      const finder = new RatesFinder(forgottenAfterMs);
      const client = await test.pool.connect();
      try {
        for (let index = 0; index < 35; index += 1) {
          await finder.find(client, question(`${month(index)}-01`, `${month(index)}-28`));
          await finder.find(client, question(`${month(index)}-01`, `${month(index + 1)}-28`));
        }
        await new Promise((resolve) => setTimeout(resolve, 1_100));
        for (let turn = 0; turn < 2; turn += 1) await finder.find(client, question("2024-12-01", "2024-12-31"));
        const { rows } = await client.query("SELECT FROM pg_prepared_statements WHERE name = 'rates 2024-12 2024-12'");
        return rows.length === 1;
      } finally {
        client.release(true);
      }
    };
    expect(await isLatePrepared(600_000)).to.equal(false);
    expect(await isLatePrepared(1_000)).to.equal(true);
  });

  it("reads prices of months whose partitions were made after it was prepared", async () => {
    const finder = new RatesFinder();
    const client = await test.pool.connect();
    try {
      const asked = question("2024-12-01", "2025-01-31");
      for (let turn = 0; turn < 10; turn += 1) await finder.find(client, asked);
      await deliver(test.database, {
        prices: [{ origin: "CNSGH", destination: "NLRTM", day: "2025-01-31", price: 7 }],
        feed: "later",
      });
      const found = await finder.find(client, asked);
      expect(found.counts.at(-1)).to.equal(1);
      expect(found.sums.at(-1)).to.equal(7);
    } finally {
      client.release();
    }
  });

  it("gives each of several lanes its own rates, whatever plan Postgres takes", async () => {
    const lanes = ["CNSGH:NLRTM", "CNHKG:NLRTM", "NLRTM:CNSGH", "china:europe"].map((lane) => {
      const [origin = "", destination = ""] = lane.split(":");
      return { origin, destination };
    });
    const range = { dateFrom: "2023-05-01", dateTo: "2023-05-31" };
    const settings = ["memoize", "indexscan", "bitmapscan", "seqscan", "material", "hashjoin"];
    const client = await test.pool.connect();
    try {
      await client.query("BEGIN");
      // As in a database that was just filled.
      await client.query("DELETE FROM pg_statistic");
      await client.query("UPDATE pg_class SET relpages = 0, reltuples = -1 WHERE relkind IN ('r', 'p')");
      for (let off = 0; off < 2 ** settings.length; off += 1) {
        for (const [index, name] of settings.entries()) {
          await client.query(`SET LOCAL enable_${name} = ${off & (1 << index) ? "off" : "on"}`);
        }
        const found = await new RatesFinder().findLanes(client, { lanes, ...range });
        const counts = found.lanes.map((lane) => lane.counts.reduce((sum, count) => sum + count, 0));
        expect(counts, String(off)).to.deep.equal([1, 0, 0, 1]);
      }
    } finally {
      client.release(true);
    }
  });
});
