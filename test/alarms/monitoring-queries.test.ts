import { expect } from "chai";
import { monitoringQueriesByName } from "../../infra/database/monitoring-queries.js";
import { useDatabase } from "../kit/database.js";

describe("the queries that Prometheus gets figures of the database from", () => {
  const test = useDatabase();

  it("need no more rights than those on statistics, and give the columns that alarms read", async () => {
    const client = await test.pool.connect();
    try {
      await client.query(
        "BEGIN; CREATE ROLE metrics_exporter; GRANT pg_monitor TO metrics_exporter; SET LOCAL ROLE metrics_exporter",
      );
      for (const { metrics, query } of Object.values(monitoringQueriesByName)) {
        const { rows } = await client.query(query);
        expect(Object.keys(rows[0])).to.deep.equal(metrics.flatMap((metric) => Object.keys(metric)));
        expect(rows).to.deep.equal([{ quorum_standbys: "0", timeline: "1" }]);
      }
    } finally {
      await client.query("ROLLBACK");
      client.release();
    }
  });
});
