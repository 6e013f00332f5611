import { open } from "node:fs/promises";
import { expect } from "chai";
import { publishBatch } from "../../../app/batches/publish.js";
import { retractBatch } from "../../../app/batches/retract.js";
import { Database } from "../../../app/database/database.js";
import { openPool } from "../../../app/database/pool.js";
import { choose, differences, type Holdings, readHoldings } from "../../../app/drill/holdings.js";
import { LiveDatabaseError, oneSnapshot, readMomentOf } from "../../../app/drill/live-database.js";
import { auditBatch } from "../../../app/ingest/audit/audit.js";
import type { Question } from "../../../app/rates/question.js";
import { deliver, loadBatch } from "../../kit/batches.js";
import { createDatabase, TestDatabase } from "../../kit/database.js";
import { bringPlaces } from "../../kit/places.js";
import { onServer } from "../../kit/postgres.js";

const LIVE = `drill_live_${process.pid}`;
const COPY = `drill_copy_${process.pid}`;

const prices = (days: readonly string[], price = 7) =>
  days.map((day) => ({ origin: "CNSGH", destination: "NLRTM", day, price }));

/** Files are copied, so that pages come from the disk again. */
const copyOf = (of: string, name: string) => onServer(`CREATE DATABASE ${name} TEMPLATE ${of} STRATEGY FILE_COPY`);

describe("a restored copy", () => {
  let live: TestDatabase;
  let copy: TestDatabase;
  let questions: Question[];
  let held: Holdings;

  const read = async (database: TestDatabase): Promise<Holdings> => {
    const pool = openPool({
      url: oneSnapshot(database.url),
      size: 2,
      applicationName: "test",
      statementTimeoutMs: 0,
    });
    try {
      return await new Database(pool).transaction((session) => readHoldings(session, questions));
    } finally {
      await pool.end();
    }
  };
  const found = async () => differences(held, await read(copy));

  before(async () => {
    const seed = await createDatabase();
    await bringPlaces(seed);
    await deliver(seed, { feed: "sea", prices: prices(["2024-02-28", "2024-02-29", "2024-03-01"]) });
    await deliver(seed, { feed: "sea", prices: prices(["2024-02-28", "2024-02-28"], 9) });
    const [{ current_database: name }] = (await seed.pool.query("SELECT current_database()")).rows;
    await seed.pool.end();
    await copyOf(name, LIVE);
    await onServer(`DROP DATABASE ${name}`);
    await copyOf(LIVE, COPY);
    live = new TestDatabase(LIVE);
    questions = await live.transaction((session) => choose(session, 100));
    held = await read(live);
  });
  beforeEach(() => {
    copy = new TestDatabase(COPY);
  });
  afterEach(async () => {
    await copy.drop();
    await live.pool.end();
    await copyOf(LIVE, COPY);
    live = new TestDatabase(LIVE);
  });
  after(async () => {
    await live.drop();
    await onServer(`DROP DATABASE ${COPY}`);
  });

  it("that has all is told from no other, and is asked about ports and regions in months with prices", async () => {
    expect(await found()).to.deep.equal([]);
    expect([...held.months]).to.deep.equal([
      ["2024-02", { prices: 4n, sum: 32n }],
      ["2024-03", { prices: 1n, sum: 7n }],
    ]);
    expect(questions.map(({ origin }) => origin)).to.include.members(["CNSGH", "china_main", "china"]);
    expect(questions.map(({ dateFrom }) => dateFrom.slice(0, 7))).to.include.members(["2024-02", "2024-03"]);
    expect(held.answers.every(({ answer }) => /[1-9]/.test(answer))).to.equal(true);
  });

  it("is not blamed for a load that is under way, nor for one that failed", async () => {
    const loading = await loadBatch(copy, { prices: prices(["2024-02-01"]) });
    expect(await found()).to.deep.equal([]);
    await auditBatch(copy, loading);
    expect(await found()).to.deep.equal([]);
  });

  it("that lost a row is found", async () => {
    await copy.pool.query("DELETE FROM prices WHERE ctid = (SELECT min(ctid) FROM prices WHERE day = '2024-02-29')");
    expect(await found()).to.deep.equal(["2024-02: 3 prices instead of 4"]);
  });

  it("that lost a month is found", async () => {
    await copy.pool.query("TRUNCATE prices_2024_03");
    expect(await found()).to.deep.equal(["2024-03: 0 prices instead of 1"]);
  });

  it("with another price is found", async () => {
    await copy.pool.query("UPDATE prices SET price = 8 WHERE day = '2024-03-01'");
    expect(await found()).to.deep.equal(["2024-03: prices of 8 US dollars instead of 7"]);
  });

  it("with other rates is found by its answers", async () => {
    await copy.pool.query("UPDATE daily_rates SET sums[1] = sums[1] + 1 WHERE first_day >= '2024-03-01'");
    expect((await found())[0]).to.match(/^\d+ of \d+ answers, such as \w+ to \w+ from 2024-03-01 to 2024-03-01$/);
  });

  it("of an earlier or later version is found", async () => {
    const batch = await loadBatch(copy, { prices: prices(["2024-02-01"]) });
    await auditBatch(copy, batch);
    await publishBatch(copy, batch);
    expect((await found())[0]).to.match(/^dataset version 4 of \S+ instead of 3 of \S+$/);
  });

  it("of a version with the same number, but not the same, is found", async () => {
    await copy.pool.query("UPDATE dataset SET changed_at = changed_at + interval '1 ms'");
    expect((await found())[0]).to.match(/^dataset version 3 of \S+ instead of 3 of \S+$/);
  });

  it("with a damaged page is found, in rates that no question is about too", async () => {
    for (const table of ["prices_2024_02", "daily_rates_2024_03"]) {
      await damage(copy, table);
      const failure = await read(copy).catch((error: Error) => error.message);
      expect(failure, table).to.match(/invalid page in block 0|could not read/);
      await copy.drop();
      await live.pool.end();
      await copyOf(LIVE, COPY);
      live = new TestDatabase(LIVE);
      copy = new TestDatabase(COPY);
    }
  });

  it("is not compared with a database that changes while it is read", async () => {
    const [latest] = (await copy.pool.query("SELECT max(id) AS id FROM batches")).rows;
    await retractBatch(copy, latest.id, { retractableDays: 30 });
    const failure = await readMomentOf({ primary: live, reads: copy }).catch((error: unknown) => error);
    expect(failure).to.be.instanceOf(LiveDatabaseError);
  });
});

/** Overwrites the first page of a table, whose pages no session has read yet. */
async function damage(database: TestDatabase, table: string): Promise<void> {
  const query = "SELECT pg_backend_pid() AS pid, pg_relation_filepath($1::regclass) AS path";
  const [{ path, pid }] = (await database.pool.query(query, [table])).rows;
  // Each session works in the folder of its server's files.
  const file = await open(`/proc/${pid}/cwd/${path}`, "r+");
  await file.write(Buffer.alloc(8192, 0xa5), 0, 8192, 0);
  await file.close();
}
