import { expect } from "chai";
import { watchIngest } from "../../../app/batches/batch-metrics.js";
import { failBatch } from "../../../app/batches/fail.js";
import { publishBatch } from "../../../app/batches/publish.js";
import { retractBatch } from "../../../app/batches/retract.js";
import { listMigrations, migrate } from "../../../app/database/migrate.js";
import { auditBatch } from "../../../app/ingest/audit/audit.js";
import { registry } from "../../../app/telemetry/registry.js";
import { reclaimBatch } from "../../../app/upkeep/reclaim.js";
import { createDatabase, type TestDatabase } from "../../kit/database.js";
import { age, deliver, load } from "./deliveries.js";
import { plant } from "./tree.js";

/** The migration that begins to keep totals of batches. */
const MANY_BATCHES = 8;

describe("ingest metrics", () => {
  let database: TestDatabase;

  beforeEach(async () => {
    database = await createDatabase();
  });

  afterEach(async () => {
    watchIngest(undefined);
    await database.drop();
  });

  /** The values of the metrics, by name and labels. */
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
    // 990 of 1,000 bytes are left to load, at one byte a second. The audit takes as long as 1,500 bytes.
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

  it("count each batch in the state that it is in, and feeds by the last that was published first", async () => {
    const { ports } = await plant(database.pool, { regionParents: [], portParents: [-1, -1] });
    const price = { origin: ports[0] as number, destination: ports[1] as number, day: "2024-05-01", price: 10 };
    const first = await deliver(database.pool, { feed: "asia", prices: [price] });
    const second = await deliver(database.pool, { feed: "asia", prices: [price, price] });
    await load(database.pool, { feed: "asia", prices: [price] });
    await failBatch(database, await load(database.pool, { feed: "asia", prices: [price] }), "test");
    await retractBatch(database, first);
    await retractBatch(database, second);
    await publishBatch(database, first);
    await database.pool.query("UPDATE batches SET published_at = published_at - interval '1 hour' WHERE id = $1", [
      second,
    ]);
    watchIngest(database);
    const told = await scrape();
    for (const state of ["published", "retracted", "failed", "loading"]) {
      expect(told.get(`ratesapp_ingest_batches{feed="asia",state="${state}"}`), state).to.equal(1);
    }
    expect(told.get('ratesapp_ingest_batches{feed="asia",state="audited"}')).to.equal(undefined);
    expect(told.get('ratesapp_ingest_last_publish_age_seconds{feed="asia"}')).to.be.closeTo(3_600, 60);
  });

  it("tell of what was delivered to a release that did not keep them", async () => {
    const before = await createDatabase({ empty: true });
    try {
      await migrate(
        before.url,
        (await listMigrations()).filter(({ number }) => number < MANY_BATCHES),
      );
      await before.pool.query(
        `INSERT INTO batches (feed, source, identity, mode, state, published_at, loaded_rows, rejected_rows, loaded_bytes,
           first_attempts, retries, takeovers)
         SELECT 'asia', 'a.csv', n::text, 'append', CASE WHEN n = 3 THEN 'retracted' ELSE 'published' END,
                now() - make_interval(mins => n), 100, 1, 1000, 1, n, 0
         FROM generate_series(1, 4) AS n`,
      );
      await migrate(before.url);
      watchIngest(before);
      expect(Object.fromEntries(await scrape())).to.deep.include({
        'ratesapp_ingest_batches{feed="asia",state="published"}': 3,
        'ratesapp_ingest_batches{feed="asia",state="retracted"}': 1,
        'ratesapp_ingest_rows_total{feed="asia"}': 400,
        'ratesapp_ingest_piece_attempts_total{kind="retry"}': 10,
      });
      expect((await scrape()).get('ratesapp_ingest_last_publish_age_seconds{feed="asia"}')).to.be.closeTo(60, 30);
    } finally {
      await before.drop();
    }
  });

  it("are absent, and the scrape works, while the database does not answer", async () => {
    const away = () => Promise.reject(new Error("away"));
    watchIngest({ row: away, rows: away } as never);
    expect([...(await scrape()).keys()]).to.deep.equal([]);
  });
});
