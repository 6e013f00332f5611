import { expect } from "chai";
import { watchIngest } from "../../../app/batches/batch-metrics.js";
import { failBatch } from "../../../app/batches/fail.js";
import { auditBatch } from "../../../app/ingest/audit/audit.js";
import { registry } from "../../../app/telemetry/registry.js";
import { reclaimBatch } from "../../../app/upkeep/reclaim.js";
import { createDatabase, type TestDatabase } from "../../kit/database.js";
import { age, deliver, load } from "./deliveries.js";
import { plant } from "./tree.js";

describe("ingest metrics", () => {
  let database: TestDatabase;

  beforeEach(async () => {
    database = await createDatabase();
  });

  afterEach(async () => {
    watchIngest(undefined);
    await database.drop();
  });

  /** Values by metric and labels. */
  async function scrape(): Promise<Map<string, number>> {
    const lines = (await registry.metrics()).split("\n").filter((line) => /^ratesapp_(ingest|batch)_/.test(line));
    return new Map(
      lines.map((line) => [line.slice(0, line.lastIndexOf(" ")), Number(line.slice(line.lastIndexOf(" ")))]),
    );
  }

  it("tell what the database knows of feeds, pieces and deadlines", async () => {
    const { ports } = await plant(database.pool, { regionParents: [], portParents: [-1, -1] });
    const price = { origin: ports[0] as number, destination: ports[1] as number, day: "2024-05-01", price: 10 };
    await deliver(database.pool, { feed: "asia", prices: [price, price], pieces: 2 });
    await age(database.pool, 1);
    const waiting = await load(database.pool, { feed: "europe", prices: [price] });
    await database.pool.query(
      `UPDATE batches SET deadline_at = clock_timestamp() + interval '100 seconds', bytes = 1000,
         created_at = clock_timestamp() - interval '50 seconds' WHERE id = $1`,
      [waiting],
    );
    await database.pool.query(
      `UPDATE pieces SET attempts = 3, takeovers = 1, to_byte = 10, started_at = clock_timestamp() - interval '10 seconds',
         loaded_at = clock_timestamp() WHERE batch_id = $1`,
      [waiting],
    );
    watchIngest(database);
    const told = await scrape();
    expect(told.get('ratesapp_ingest_rows_total{feed="asia"}')).to.equal(2);
    expect(told.get('ratesapp_ingest_batches{feed="asia",state="published"}')).to.equal(1);
    expect(told.get('ratesapp_ingest_pieces{state="loaded"}')).to.equal(1);
    expect(told.get('ratesapp_ingest_pieces{state="waiting"}')).to.equal(0);
    expect(told.get('ratesapp_ingest_piece_attempts_total{kind="retry"}')).to.equal(1);
    expect(told.get('ratesapp_ingest_piece_attempts_total{kind="takeover"}')).to.equal(1);
    expect(told.get('ratesapp_ingest_last_publish_age_seconds{feed="asia"}')).to.be.closeTo(86_400, 60);
    expect(told.get("ratesapp_ingest_oldest_unfinished_seconds")).to.be.closeTo(50, 10);
    const labels = `{batch="${waiting}",feed="europe"}`;
    expect(told.get(`ratesapp_batch_deadline_left_seconds${labels}`)).to.be.closeTo(100, 10);
    // 990 of 1,000 bytes are left, at one byte a second; the audit takes as long as 1,500.
    expect(told.get(`ratesapp_batch_deadline_margin_seconds${labels}`)).to.be.closeTo(-2_390, 250);
  });

  it("count on from what was, when a batch fails and when it is reclaimed or audited", async () => {
    const { ports } = await plant(database.pool, { regionParents: [], portParents: [-1, -1] });
    const price = { origin: ports[0] as number, destination: ports[1] as number, day: "2024-05-01", price: 10 };
    const [good, bad] = [
      await load(database.pool, { prices: [price] }),
      await load(database.pool, { prices: [price] }),
    ];
    await database.pool.query("UPDATE pieces SET attempts = 2, to_byte = from_byte + 7");
    await database.pool.query("UPDATE pieces SET state = 'failed', rejected = 3 WHERE batch_id = $1", [bad]);
    const totals = async () => {
      watchIngest(database);
      const told = await scrape();
      return [...told].filter(([name]) => /(rows|bytes|attempts)_total/.test(name)).sort();
    };
    await failBatch(database, bad, "test");
    const before = await totals();
    expect(Object.fromEntries(before)).to.deep.include({
      'ratesapp_ingest_rows_total{feed="a"}': 1,
      'ratesapp_ingest_rejected_rows_total{feed="a"}': 3,
      'ratesapp_ingest_bytes_total{feed="a"}': 7,
      'ratesapp_ingest_piece_attempts_total{kind="retry"}': 2,
    });
    await auditBatch(database, good);
    await reclaimBatch(database, bad);
    expect(await totals()).to.deep.equal(before);
    const { rowCount } = await database.pool.query("SELECT FROM batches WHERE loaded_rows IS NULL");
    expect(rowCount).to.equal(0);
  });

  it("are absent, and the scrape works, while the database does not answer", async () => {
    const away = () => Promise.reject(new Error("away"));
    watchIngest({ row: away, rows: away } as never);
    expect([...(await scrape()).keys()]).to.deep.equal([]);
  });
});
