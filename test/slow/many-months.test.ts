import { setTimeout as sleep } from "node:timers/promises";
import { expect } from "chai";
import type pg from "pg";
import { publishBatch } from "../../app/batches/publish.js";
import { retractBatch } from "../../app/batches/retract.js";
import { Database } from "../../app/database/database.js";
import { openPool } from "../../app/database/pool.js";
import { ingestSource } from "../../app/ingest/ingest-source.js";
import { importPlaces } from "../../app/places/import-places.js";
import { compact } from "../../app/upkeep/compact.js";
import { dropOldMonths } from "../../app/upkeep/retention.js";
import { age, seen } from "../app/ingest/deliveries.js";
import { bringPlaces, createFolder, type Folder, HEADER, only } from "../app/ingest/setup.js";
import { createDatabase, type TestDatabase } from "../kit/database.js";

const MONTHS = Array.from({ length: 200 }, (_, month) => new Date(Date.UTC(1940, month, 1)).toISOString().slice(0, 7));
/** Prices of all months in order, three times, so that each third of the lines has prices of all months. */
const csv = (price: number) => {
  const lines = ["01", "15", "28"].flatMap((day) => MONTHS.map((month) => `CNSGH,NLRTM,${month}-${day},${price}`));
  return `${HEADER}\n${lines.join("\n")}\n`;
};
const PIECE_BYTES = Math.ceil(csv(1).length / 3);
/** Most locks that one session may hold; all sessions of a server share a few thousand. */
const MOST_LOCKS = 300;

describe("a batch over very many months", function () {
  this.timeout(120_000);
  let database: TestDatabase;
  let folder: Folder;
  let pool: pg.Pool;
  const pools: pg.Pool[] = [];
  const open = () => {
    const opened = openPool({ url: database.url, size: 8, applicationName: "test", statementTimeoutMs: 0 });
    pools.push(opened);
    return opened;
  };

  before(async () => {
    database = await createDatabase();
    folder = await createFolder();
    pool = open();
    await bringPlaces(pool);
  });
  after(async () => {
    await Promise.all(pools.map((pool) => pool.end()));
    await folder.remove();
    await database.drop();
  });

  it("is loaded by several workers, taken back, folded, moved with its places and dropped, locking few at a time", async () => {
    const path = await folder.write("first.csv", csv(5));
    const load = (worker: pg.Pool) =>
      ingestSource({ database: new Database(worker, {}), source: path, pieceBytes: PIECE_BYTES });
    for (const reports of await lockingFew(() => Promise.all([load(pool), load(open())]))) {
      expect(only(reports)).to.include({ state: "published", rows: 3 * MONTHS.length });
    }
    await expectEach("1/5");
    await lockingFew(() => retractBatch(new Database(pool), 1));
    expect((await seen(pool)).size).to.equal(0);
    await lockingFew(() => publishBatch(new Database(pool), 1));

    const second = await folder.write("second.csv", csv(7));
    expect(
      only(await lockingFew(() => ingestSource({ database: new Database(pool, {}), source: second }))).state,
    ).to.equal("published");
    await expectEach("2/12");
    await age(pool, 31);
    expect((await lockingFew(() => compact(new Database(pool), { batchesPerMonth: 2 }))).folded).to.equal(
      MONTHS.length,
    );
    await expectEach("2/12");

    // This transaction must change all months or none, so it is the only one that locks them all.
    const { rerolled } = await importPlaces(new Database(pool), {
      ports: { name: "ports", content: "code,name,parent_slug\nNLRTM,Rotterdam,benelux\n" },
      regions: { name: "regions", content: "slug,name,parent_slug\nbenelux,Benelux,\n" },
    });
    expect(rerolled).to.equal(2);
    await expectEach("2/12");
    expect(await lockingFew(() => dropOldMonths(new Database(pool), { retentionDays: 30 }))).to.have.length(
      MONTHS.length,
    );
    expect((await seen(pool)).size).to.equal(0);
  });

  it("leaves nothing behind when it fails", async () => {
    const path = await folder.write("bad.csv", `${csv(5)}CNSGH,NLRTM,2150-02-30,5\n`);
    const report = only(
      await ingestSource({ database: new Database(pool, {}), source: path, pieceBytes: PIECE_BYTES }),
    );
    expect(report).to.include({ state: "failed", failure: "1 bad line." });
    const { rows } = await pool.query(
      `SELECT (SELECT count(*) FROM prices WHERE batch_id = $1)
            + (SELECT count(*) FROM prices_aside WHERE batch_id = $1) AS left`,
      [report.batchId],
    );
    expect(rows).to.deep.equal([{ left: "0" }]);
  });

  /** Runs `work` and checks meanwhile, as often as possible, how many locks each session holds. */
  async function lockingFew<T>(work: () => Promise<T>): Promise<T> {
    let most = 0;
    let working = true;
    const looking = (async () => {
      while (working) {
        const { rows } = await database.pool.query<{ most: number }>(
          `SELECT max(locks)::integer AS most FROM (
             SELECT count(*) AS locks FROM pg_locks l JOIN pg_database d ON d.oid = l.database
             WHERE datname = current_database() AND pid <> pg_backend_pid() GROUP BY pid) session`,
        );
        most = Math.max(most, rows[0]?.most ?? 0);
        await sleep(5);
      }
    })();
    try {
      return await work();
    } finally {
      working = false;
      await looking;
      expect(most).to.be.below(MOST_LOCKS);
    }
  }

  async function expectEach(value: string): Promise<void> {
    const found = await seen(pool);
    const { rows } = await pool.query("SELECT id FROM places WHERE code IN ('CNSGH', 'NLRTM') ORDER BY code");
    const lane = rows.map(({ id }) => id).join(">");
    const days = MONTHS.map((month) => found.get(`${lane} ${month}-15`));
    expect(days).to.deep.equal(MONTHS.map(() => value));
  }
});
