import { expect } from "chai";
import { publishBatch } from "../../../app/batches/publish.js";
import { retractBatch } from "../../../app/batches/retract.js";
import { listMigrations, type Migration, migrate } from "../../../app/database/migrate.js";
import { compact } from "../../../app/upkeep/compact.js";
import { createDatabase, type TestDatabase } from "../../kit/database.js";
import { bringPlaces } from "../../kit/places.js";
import { age, differences, seen } from "../ingest/deliveries.js";

const DAY = "2024-02-03";
/** Laid aside when it was retracted; in a fold; the fold; and a `replace` that hides the fold. */
const BATCHES = { aside: 1, held: 2, fold: 3, replace: 4 };

describe("batches that were folded before the migrations 0011 and 0013", () => {
  let database: TestDatabase;
  let all: Migration[];

  beforeEach(async () => {
    database = await createDatabase({ empty: true });
    all = await listMigrations();
    await migrate(
      database.url,
      all.filter(({ number }) => number < 11),
    );
    await bringPlaces(database);
    for (const statement of STATEMENTS) await database.pool.query(statement);
  });

  const migrateAll = async () => {
    await migrate(database.url);
    expect(await differences(database.pool)).to.deep.equal([]);
  };

  afterEach(() => database.drop());

  it("are shown again with their rates, and retracted again", async () => {
    await migrateAll();
    await retractBatch(database, BATCHES.replace);
    expect(await differences(database.pool), "without the replace").to.deep.equal([]);
    expect((await publishBatch(database, BATCHES.aside)).changed).to.equal(true);
    expect(await differences(database.pool), "with the one that was laid aside").to.deep.equal([]);
    const { version } = await retractBatch(database, BATCHES.held);
    expect(await differences(database.pool), "without the one in the fold").to.deep.equal([]);
    const { rows } = await database.pool.query("SELECT version FROM month_versions WHERE month = '2024-02-01'");
    expect(Number(rows[0].version), "answers of the month are no longer good").to.equal(version);
    await publishBatch(database, BATCHES.replace);
    expect(await differences(database.pool), "with the replace").to.deep.equal([]);
  });

  it("are compacted, or their rows deleted", async () => {
    await migrateAll();
    await retractBatch(database, BATCHES.replace);
    await age(database.pool, 31);
    const before = await seen(database.pool);
    await compact(database);
    expect(await seen(database.pool)).to.deep.equal(before);
    const { rows } = await database.pool.query(
      "SELECT id, state, reclaimed_at IS NOT NULL AS reclaimed FROM batches ORDER BY id",
    );
    expect(rows).to.deep.equal([
      { id: BATCHES.aside, state: "retracted", reclaimed: true },
      { id: BATCHES.held, state: "compacted", reclaimed: true },
      { id: BATCHES.fold, state: "published", reclaimed: false },
      { id: BATCHES.replace, state: "retracted", reclaimed: true },
    ]);
  });

  it("are put in order while questions are answered and loads go on", async () => {
    const earlierDays = all.find(({ name }) => name === "earlier_days") as Migration;
    await migrate(
      database.url,
      all.filter(({ number }) => number < earlierDays.number),
    );
    const migrating = await database.pool.connect();
    await migrating.query(`BEGIN; ${earlierDays.sql}`);
    const other = await database.pool.connect();
    await other.query("SET lock_timeout = '2s'");
    await other.query(
      "INSERT INTO batches (feed, source, identity, mode, state) VALUES ('a', 'x', '5', 'append', 'loading')",
    );
    const { rowCount } = await other.query("SELECT FROM batch_days WHERE visible");
    expect(rowCount).to.equal(1);
    await other.query(
      `INSERT INTO batch_days (batch_id, day, prices, price_sum) SELECT max(id), '${DAY}', 1, 1 FROM batches`,
    );
    other.release();
    await migrating.query("ROLLBACK");
    migrating.release();
  });
});

const STATEMENTS = [
  `SELECT ensure_month('${DAY}')`,
  `INSERT INTO batches (id, feed, source, identity, mode, state, sequence, planned, audited_at, published_at, folded, fold_level)
   OVERRIDING SYSTEM VALUE VALUES
     (${BATCHES.aside}, 'a', 'x', '1', 'append', 'retracted', 1, true, now(), now(), false, 0),
     (${BATCHES.held}, 'a', 'x', '2', 'append', 'published', 2, true, now(), now(), true, 0),
     (${BATCHES.fold}, 'a', 'fold', '3', 'compaction', 'published', 2, true, now(), now(), true, 1),
     (${BATCHES.replace}, 'a', 'x', '4', 'replace', 'published', 4, true, now(), now(), false, 0)`,
  "SELECT setval('batch_sequence', 4), setval(pg_get_serial_sequence('batches', 'id'), 4)",
  `INSERT INTO pieces (batch_id, number, state, from_byte, rows, months)
   SELECT id, 0, 'loaded', 0, 1, '{2024-02-01}' FROM batches WHERE mode <> 'compaction'`,
  `INSERT INTO prices (origin_id, destination_id, day, price, batch_id, piece)
   SELECT o.id, d.id, '${DAY}', 100 * b.id, b.id, 0
   FROM batches b, places o, places d WHERE o.code = 'CNSGH' AND d.code = 'SEGOT' AND b.mode <> 'compaction'`,
  `INSERT INTO batch_days (batch_id, day, prices, price_sum, visible, fold_id, laid_aside) VALUES
     (${BATCHES.aside}, '${DAY}', 1, 100, false, NULL, true),
     (${BATCHES.held}, '${DAY}', 1, 200, false, ${BATCHES.fold}, false),
     (${BATCHES.fold}, '${DAY}', 1, 200, false, NULL, false),
     (${BATCHES.replace}, '${DAY}', 1, 400, true, NULL, false)`,
  `INSERT INTO daily_rates (origin_id, destination_id, first_day, batch_id, counts, sums)
   SELECT o.place_id, d.place_id, p.day, coalesce(h.fold_id, h.batch_id), '{1}', ARRAY[p.price]
   FROM prices p
   JOIN batch_days h USING (batch_id, day)
   JOIN place_ports o ON o.port_id = p.origin_id
   JOIN place_ports d ON d.port_id = p.destination_id
   WHERE NOT h.laid_aside`,
];
