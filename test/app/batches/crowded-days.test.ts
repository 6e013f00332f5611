import { expect } from "chai";
import type pg from "pg";
import { publishBatch } from "../../../app/batches/publish.js";
import { retractBatch } from "../../../app/batches/retract.js";
import { Database } from "../../../app/database/database.js";
import type { Session } from "../../../app/database/queries.js";
import { auditBatch } from "../../../app/ingest/audit/audit.js";
import { layAsideHidden } from "../../../app/upkeep/hidden.js";
import { deliver, loadBatch } from "../../kit/batches.js";
import { createDatabase, type TestDatabase } from "../../kit/database.js";
import { bringPlaces } from "../../kit/places.js";

const FEW = 150;
const MANY = 1_500;
const DAYS = Array.from({ length: 7 }, (_, index) => `2024-02-0${index + 1}`);
/** Feeds of batches that replace each other and are laid aside; that are too large for this; and that are in a fold. */
const FEEDS = ["replaced", "replaced and large", "added"];

describe("a publish or retract on days that many batches hold", function () {
  this.timeout(120_000);
  const touched: Map<string, number>[] = [];

  before(async () => {
    for (const batches of [FEW, MANY]) {
      const database = await createDatabase();
      try {
        touched.push(await countRows(database, batches));
      } finally {
        await database.drop();
      }
    }
  });

  for (const feed of FEEDS) {
    for (const what of ["publish", "retract", "publish again", "repeat", "retract of the first", "its publish again"]) {
      it(`reads and writes no more rows with more batches: ${what}, ${feed}`, () => {
        const [few, many] = touched.map((rows) => rows.get(`${what}, ${feed}`) ?? Number.NaN) as [number, number];
        expect(few, "counted at all").to.be.at.least(DAYS.length);
        expect(many, `rows beside ${MANY} batches; beside ${FEW}, they are ${few}`).to.be.at.most(1.2 * few + 20);
      });
    }
  }
});

/** By what is done, in the feed. */
async function countRows(database: TestDatabase, batches: number): Promise<Map<string, number>> {
  const counting = new CountingDatabase(database.pool);
  const touched = new Map<string, number>();
  const count = async (what: string, work: Promise<unknown>) => {
    await work;
    touched.set(what, counting.counted);
    counting.counted = 0;
  };
  const prices = (price: number) => DAYS.map((day) => ({ origin: "CNSGH", destination: "NLRTM", day, price }));
  await bringPlaces(database);
  const first = new Map<string, number>();
  for (const feed of FEEDS) first.set(feed, await deliver(database, { feed, prices: prices(1) }));
  await insertCrowd(database.pool, batches);
  for (const feed of FEEDS) {
    const replace = { feed, mode: "replace", prices: prices(2), known: true } as const;
    const id = await loadBatch(database, replace);
    await auditBatch(database, id);
    await count(`publish, ${feed}`, publishBatch(counting, id, { onlyAudited: true }));
    await count(`repeat, ${feed}`, auditBatch(counting, await loadBatch(database, replace)));
    await layAsideHidden(database, id);
    await count(`retract, ${feed}`, retractBatch(counting, id));
    await count(`publish again, ${feed}`, publishBatch(counting, id));
    await count(`retract of the first, ${feed}`, retractBatch(counting, first.get(feed) as number));
    await count(`its publish again, ${feed}`, publishBatch(counting, first.get(feed) as number));
  }
  return touched;
}

/** Counts the rows that its transactions read and write, those of triggers too. */
class CountingDatabase extends Database {
  counted = 0;

  override transaction<T>(work: (session: Session) => Promise<T>): Promise<T> {
    return super.transaction(async (session) => {
      const before = await read(session);
      const result = await work(session);
      this.counted += (await read(session)) - before;
      return result;
    });
  }
}

async function read({ client }: Session): Promise<number> {
  const { rows } = await client.query<{ n: string }>(READ_AND_WRITTEN);
  return Number(rows[0]?.n);
}

/**
 * Rows of the tables that the crowd fills: those read from end to end, entries of indexes, and rows that are written,
 * by this connection: also by earlier transactions, until Postgres hands their counts to all connections. Of the other
 * tables, which have a few rows here, an index or all rows are read, as the statistics are at that moment.
 */
const READ_AND_WRITTEN = `
  SELECT sum(pg_stat_get_xact_tuples_returned(oid) + pg_stat_get_xact_tuples_inserted(oid)
             + pg_stat_get_xact_tuples_updated(oid) + pg_stat_get_xact_tuples_deleted(oid)) AS n
  FROM (SELECT unnest('{batches, batch_days}'::regclass[])
        UNION SELECT indexrelid FROM pg_index
        WHERE indrelid = ANY ('{batches, batch_days}'::regclass[])) AS filled (oid)`;

/** So many published batches in each feed, and one batch in each of as many other feeds; all on the same days. */
async function insertCrowd(pool: pg.Pool, batches: number): Promise<void> {
  const days = `(SELECT unnest('{${DAYS}}'::date[]) AS day) days`;
  for (const statement of [
    `INSERT INTO batches (feed, source, identity, channel, delivery_identity, mode, state, sequence, planned, checksum,
                          audited_at, published_at, loaded_rows, rejected_rows, loaded_bytes, first_attempts, retries,
                          takeovers, laid_aside, folded)
     SELECT feed, 'prices.csv', nth::text, 'file', nth::text, mode, 'published', 100 + 4 * nth + place, true, nth::text,
            now(), now(), 0, 0, 0, 0, 0, 0, feed = 'replaced' AND nth < ${batches}, feed = 'added'
     FROM generate_series(1, ${batches}) AS nth, LATERAL (VALUES
       (0, 'replaced', 'replace'), (1, 'replaced and large', 'replace'), (2, 'added', 'append'),
       (3, 'other ' || nth, 'append')) AS kind (place, feed, mode)`,
    `SELECT setval('batch_sequence', ${100 + 4 * batches + 4})`,
    `INSERT INTO batch_days (batch_id, day, prices, price_sum, visible, laid_aside)
     SELECT id, day, 10000, 1, mode <> 'replace' OR identity = '${batches}', laid_aside
     FROM batches, ${days} WHERE sequence >= 100`,
    "UPDATE batch_days d SET visible = false FROM batches b WHERE b.id = d.batch_id AND sequence < 100 AND feed <> 'added'",
    `INSERT INTO batches (feed, source, identity, mode, state, sequence, planned, published_at, folded, fold_level)
     SELECT feed, 'fold', 'fold', 'compaction', 'published', max(sequence), true, now(), true, 5
     FROM batches WHERE feed = 'added' GROUP BY feed`,
    `UPDATE batch_days SET fold_id = (SELECT id FROM batches WHERE mode = 'compaction')
     WHERE batch_id IN (SELECT id FROM batches WHERE folded AND mode = 'append')`,
    `INSERT INTO batch_days (batch_id, day, prices, price_sum, visible)
     SELECT id, day, ${10_000 * batches}, ${batches}, true FROM batches, ${days} WHERE mode = 'compaction'`,
    "VACUUM ANALYZE",
  ]) {
    await pool.query(statement);
  }
}
