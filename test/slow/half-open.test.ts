import { expect } from "chai";
import { Database } from "../../app/database/database.js";
import { openPool } from "../../app/database/pool.js";
import { ingestSource } from "../../app/ingest/ingest-source.js";
import {
  bringPlaces,
  createFolder,
  type Folder,
  HEADER,
  only,
  readTotals,
  someLines,
  totalsOf,
} from "../app/ingest/setup.js";
import { createDatabase, type TestDatabase } from "../kit/database.js";
import { TcpProxy } from "../kit/tcp-proxy.js";
import { until } from "../kit/until.js";

const LOCK = 4711;
const WAITING = `SELECT pid FROM pg_locks WHERE locktype = 'advisory' AND objid = $1 AND NOT granted
  AND database = (SELECT oid FROM pg_database WHERE datname = current_database())`;

describe("ingest, when the host of its database vanishes in the middle of a statement", function () {
  this.timeout(60_000);
  let database: TestDatabase;
  let folder: Folder;
  let proxy: TcpProxy;

  beforeEach(async () => {
    database = await createDatabase();
    folder = await createFolder();
    await bringPlaces(database.pool);
    await database.pool.query(`CREATE FUNCTION wait() RETURNS trigger LANGUAGE plpgsql AS
      $$ BEGIN PERFORM pg_advisory_xact_lock(${LOCK}); RETURN NEW; END $$`);
    proxy = await TcpProxy.start(database.url);
  });
  afterEach(async () => {
    await proxy.stop();
    await folder.remove();
    await database.drop();
  });

  for (const [moment, trigger] of [
    ["audits", "BEFORE INSERT ON batch_days FOR EACH ROW"],
    ["publishes", "BEFORE UPDATE ON batches FOR EACH ROW WHEN (NEW.state = 'published')"],
  ] as const) {
    it(`${moment} in the same process, which waits for a busy server but not for a dead one`, async () => {
      await database.pool.query(`CREATE TRIGGER waits ${trigger} EXECUTE FUNCTION wait()`);
      const lines = someLines(1_000);
      const path = await folder.write("prices.csv", `${HEADER}\n${lines.join("\n")}\n`);
      const url = proxy.url(database.url);
      const pool = openPool({ url, size: 6, applicationName: "test", statementTimeoutMs: 0 });
      const holder = await database.pool.connect();
      await holder.query("SELECT pg_advisory_lock($1)", [LOCK]);
      const done = ingestSource({ database: new Database(pool, {}), source: path });
      done.catch(() => {});
      try {
        const first = await waiting();
        // The client asks whether the server is still at work. The server is, so its statements go on.
        const before = proxy.accepted;
        await until("the server is asked twice", () => proxy.accepted >= before + 2, { timeoutMs: 50_000 });
        expect(await waiting()).to.include.members(first);

        proxy.stall();
        await database.pool.query(
          "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'test' AND datname = current_database()",
        );
        await holder.query("SELECT pg_advisory_unlock($1)", [LOCK]);
        await proxy.pass();
        expect(only(await done).state).to.equal("published");
        expect((await readTotals(database.pool)).visible).to.deep.equal(totalsOf(lines));
      } finally {
        holder.release(true);
        proxy.cut();
        await pool.end();
      }
    });
  }

  const waiting = () =>
    until("a statement waits for the lock", async () => {
      const { rows } = await database.pool.query<{ pid: number }>(WAITING, [LOCK]);
      return rows.length > 0 && rows.map(({ pid }) => pid);
    });
});
