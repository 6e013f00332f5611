import { expect } from "chai";
import { patiently } from "../../../app/database/patiently.js";
import { inTransaction } from "../../../app/database/transaction.js";
import { createDatabase, type TestDatabase } from "../../kit/database.js";

describe("patience with a database", () => {
  let database: TestDatabase;
  before(async () => {
    database = await createDatabase();
  });
  after(() => database.drop());

  it("begins with the first failure, so that what took long and lost its connection is done again", async () => {
    let attempts = 0;
    const done = await patiently({ patienceMs: 500 }, async () => {
      attempts += 1;
      if (attempts > 1) return "done";
      await database.pool.query("SELECT pg_sleep(0.6)");
      return database.pool.query("SELECT pg_terminate_backend(pg_backend_pid())");
    });
    expect(done).to.equal("done");
  });

  it("waits for a lock that another session holds longer than a change waits for it", async () => {
    const holder = await database.pool.connect();
    await holder.query("BEGIN; LOCK TABLE dataset");
    let attempts = 0;
    await patiently({}, async () => {
      attempts += 1;
      if (attempts === 2) await holder.query("COMMIT");
      await inTransaction(database.pool, (client) =>
        client.query("SET LOCAL lock_timeout = '10ms'; LOCK TABLE dataset"),
      );
    });
    holder.release();
    expect(attempts).to.equal(2);
  });

  it("does not end because the clock of its machine was put right", async () => {
    const { now } = Date;
    let attempts = 0;
    try {
      const done = patiently({}, async () => {
        attempts += 1;
        Date.now = () => now() + attempts * 3_600_000;
        if (attempts < 3) await database.pool.query("SELECT pg_terminate_backend(pg_backend_pid())");
        return "done";
      });
      expect(await done).to.equal("done");
    } finally {
      Date.now = now;
    }
  });

  it("ends when the time is over, with what went wrong", async () => {
    const ended = patiently({ patienceMs: 100 }, () =>
      database.pool.query("SELECT pg_terminate_backend(pg_backend_pid())"),
    );
    expect(await ended.catch((error: Error) => error.message)).to.match(/terminat/);
  });

  it("is as long as it says when the clock is set forward meanwhile", async () => {
    const wallClock = Date.now;
    let attempts = 0;
    try {
      await patiently({}, async () => {
        attempts += 1;
        if (attempts === 2) Date.now = () => wallClock() + 3_600_000;
        if (attempts < 4) await database.pool.query("SELECT pg_terminate_backend(pg_backend_pid())");
      });
    } finally {
      Date.now = wallClock;
    }
    expect(attempts).to.equal(4);
  });
});
