import { expect } from "chai";
import pg from "pg";
import { openPool } from "../../../app/database/pool.js";
import { ReadSide } from "../../../app/database/read-side.js";
import { useApi } from "../../kit/api.js";
import { deliver } from "../../kit/batches.js";
import { bringPlaces } from "../../kit/places.js";
import { until } from "../../kit/until.js";

const DAY = "2024-02-29";
const PRICE = { origin: "CNSGH", destination: "NLRTM", day: DAY, price: 5 };

describe("a database that is changed under a server", () => {
  const api = useApi();

  before(async () => {
    await bringPlaces(api.database);
    await deliver(api.database, { prices: [PRICE, PRICE, PRICE] });
  });

  /** Questions that differ, so that each is a statement, on every connection. */
  const askAll = async () => {
    const firstDays = Array.from({ length: 20 }, (_, index) => `2024-02-${String(index + 1).padStart(2, "0")}`);
    return Promise.all(
      firstDays.map(async (day) => {
        const path = `/rates?date_from=${day}&date_to=${DAY}&orig_code=china&dest_code=europe`;
        const answer = await fetch(api.server.apiUrl + path);
        const text = await answer.text();
        expect(answer.status, text).to.equal(200);
        expect((JSON.parse(text) as { rates: object[] }).rates[0]).to.deep.equal({ count: 3, day: DAY, price: 5 });
        return answer.headers.get("dataset-version");
      }),
    );
  };
  const read = async (path: string) => (await fetch(api.server.apiUrl + path)).json();

  for (const change of [
    "ALTER TABLE dataset ALTER version TYPE numeric(20)",
    "ALTER TABLE dataset ALTER version TYPE bigint",
    "ALTER TABLE places ALTER id TYPE bigint",
    "ALTER TABLE places ALTER code TYPE varchar(200)",
    "ALTER TABLE daily_rates ALTER sums TYPE numeric[]",
    "ALTER TABLE daily_rates ADD note text",
  ]) {
    it(`goes on answering, and right, after ${change}`, async () => {
      for (let turn = 0; turn < 3; turn += 1) await askAll();
      const [ports, regions] = [await read("/ports"), await read("/regions")];
      await api.pool.query(change);
      // So that nothing comes from memory. A session that has done it before keeps the types in the plan of a trigger.
      const session = new pg.Client({ connectionString: api.url });
      await session.connect();
      await session.query("UPDATE dataset SET version = version + 1, changed_at = clock_timestamp()");
      await session.end();
      const { rows } = await api.pool.query("SELECT version FROM dataset");
      const version = String(rows[0].version);
      await until("every answer is of the new version", async () => {
        expect((await fetch(`${api.server.adminUrl}/readyz`)).status).to.equal(200);
        return (await askAll()).every((answered) => answered === version);
      });
      expect(await read("/ports")).to.deep.equal(ports);
      expect(await read("/regions")).to.deep.equal(regions);
    });
  }

  for (const [what, before] of [
    ["has forgotten a prepared statement", "DEALLOCATE ALL"],
    ["knows another prepared statement of that name", 'PREPARE "a statement" AS SELECT 1'],
  ] as const) {
    it(`costs no question when a connection ${what}, as behind a pooler`, async () => {
      const pools = [1, 1].map((size) =>
        openPool({ url: api.url, size, applicationName: "test", statementTimeoutMs: 1_000 }),
      );
      const [pool, polls] = pools as [(typeof pools)[0], (typeof pools)[0]];
      const reads = new ReadSide({ sources: [{ name: "primary", pool, polls }] });
      const named = { name: "a statement", text: "SELECT 2 AS two" };
      let attempts = 0;
      try {
        if (before.startsWith("DEALLOCATE"))
          await reads.run((client) => client.query(named), performance.now() + 2_000);
        const { rows } = await reads.run(async (client) => {
          attempts += 1;
          if (attempts === 1) await client.query(before);
          return client.query<{ two: number }>(named);
        }, performance.now() + 2_000);
        expect(rows).to.deep.equal([{ two: 2 }]);
        expect(attempts).to.equal(2);
      } finally {
        reads.stop();
        await Promise.all(pools.map((opened) => opened.end()));
      }
    });
  }
});
