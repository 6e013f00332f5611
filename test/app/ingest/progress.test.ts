import { expect } from "chai";
import { type BatchSummary, readBatch } from "../../../app/batches/batch-summary.js";
import { beginAudit } from "../../../app/ingest/audit/audit.sql.js";
import { createDatabase, type TestDatabase } from "../../kit/database.js";
import { load } from "./deliveries.js";
import { plant } from "./tree.js";

describe("the progress of a batch", () => {
  let database: TestDatabase;
  let id: number;

  beforeEach(async () => {
    database = await createDatabase();
    const { ports } = await plant(database.pool, { regionParents: [], portParents: [-1, -1] });
    const price = { origin: ports[0] as number, destination: ports[1] as number, price: 10 };
    const prices = ["2024-04-01", "2024-05-01", "2024-06-01", "2024-07-01"].map((day) => ({ ...price, day }));
    id = await load(database.pool, { prices, pieces: 2 });
    await database.pool.query("UPDATE batches SET bytes = 1000 WHERE id = $1", [id]);
    await database.pool.query(
      `UPDATE pieces SET to_byte = from_byte + 500, started_at = clock_timestamp() - interval '20 seconds',
         loaded_at = clock_timestamp()`,
    );
  });

  afterEach(() => database.drop());

  async function shown(): Promise<{ progress: number; secondsLeft: number }> {
    const { progress, estimated_end, read_at } = (await readBatch(database, id)) as BatchSummary;
    return { progress: progress as number, secondsLeft: (+(estimated_end as Date) - +read_at) / 1000 };
  }

  it("leaves room for the audit while it is loaded", async () => {
    await database.pool.query("UPDATE pieces SET state = 'waiting', loaded_at = NULL WHERE number = 1");
    const { progress, secondsLeft } = await shown();
    expect(progress).to.be.closeTo(0.2, 0.001);
    // 500 bytes took 20 seconds. Another 500 bytes are left to load, and the audit takes as long as 1,500 bytes.
    expect(secondsLeft).to.be.closeTo(80, 10);
  });

  it("goes by what loading took until a part is audited, and then by the audit's own speed", async () => {
    await database.run(beginAudit, { batchId: id, pricesPerPart: 1 });
    await database.pool.query("UPDATE audit_parts SET planned_at = clock_timestamp() - interval '5 seconds'");
    const before = await shown();
    expect(before.progress).to.be.closeTo(0.4, 0.001);
    expect(before.secondsLeft).to.be.closeTo(25, 5);
    await database.pool.query("UPDATE audit_parts SET done = true WHERE from_day = '2024-04-01'");
    const after = await shown();
    expect(after.progress).to.be.closeTo(0.55, 0.001);
    expect(after.secondsLeft).to.be.closeTo(15, 5);
  });
});
