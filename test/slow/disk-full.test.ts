import { execFile } from "node:child_process";
import { chmod, chown, mkdtemp, open, rm, stat } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { expect } from "chai";
import { Database } from "../../app/database/database.js";
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
import { skipBecause } from "../kit/skip.js";
import { until } from "../kit/until.js";

const run = promisify(execFile);

describe("ingest, when the database's disk is full", () => {
  let database: TestDatabase | undefined;
  let folder: Folder;
  let disk: string | undefined;

  before(async function () {
    if (process.getuid?.() !== 0) skipBecause(this, "a small disk cannot be mounted without root");
    folder = await createFolder();
    database = await createDatabase();
    const { pool } = database;
    const mounted = await mkdtemp(join(tmpdir(), "ratesapp-disk-"));
    const { rows } = await pool.query<{ pid: number }>("SELECT pg_backend_pid() AS pid");
    try {
      await run("mount", ["-t", "tmpfs", "-o", "size=12m", "tmpfs", mounted]);
    } catch (error) {
      await rm(mounted, { recursive: true });
      skipBecause(this, `a small disk cannot be mounted here (${(error as Error).message.trim()})`);
    }
    disk = mounted;
    const { uid, gid } = await stat(`/proc/${rows[0]?.pid}`);
    await chown(mounted, uid, gid);
    await chmod(mounted, 0o700);
    await pool.query(`CREATE TABLESPACE small LOCATION '${mounted}'`);
    await bringPlaces(pool);
    // New months are made on the small disk; everything else has room.
    await pool.query(
      "DO $$ BEGIN EXECUTE format('ALTER DATABASE %I SET default_tablespace = small', current_database()); END $$",
    );
    await pool.query(
      "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE pid <> pg_backend_pid() AND datname = current_database()",
    );
    await pool.query("SET default_tablespace = small");
  });
  after(async () => {
    if (disk !== undefined && database) {
      await database.pool.query("DROP TABLE IF EXISTS prices, daily_rates");
      await database.pool.query(
        "DO $$ BEGIN EXECUTE format('ALTER DATABASE %I RESET default_tablespace', current_database()); END $$",
      );
      await database.pool.query("DROP TABLESPACE small");
      await run("umount", [disk]);
      await rm(disk, { recursive: true });
    }
    await folder?.remove();
    await database?.drop();
  });

  it("says so, fails the batch after several attempts and leaves nothing; with more room the next is loaded", async function () {
    this.timeout(60_000);
    const { pool } = database as TestDatabase;
    const warnings: string[] = [];
    const log = {
      info() {},
      warn: (fields: object, message: string) => warnings.push(`${message} ${JSON.stringify(fields)}`),
    };
    const large = await folder.write("large.csv", `${HEADER}\n${someLines(400_000).join("\n")}\n`);
    // Ends the long waits between the attempts.
    const timer = setInterval(() => {
      pool.query("UPDATE pieces SET retry_at = NULL WHERE state = 'waiting' AND retry_at IS NOT NULL").catch(() => {});
    }, 50);
    try {
      const report = only(
        await ingestSource({ database: new Database(pool, { log }), source: large, pieceBytes: 1_000_000 }),
      );
      expect(report.state).to.equal("failed");
      expect(report.failure).to.match(
        /^Piece \d+ failed 8 times: the database's disk is full \(could not extend file .*\)$/,
      );
    } finally {
      clearInterval(timer);
    }
    expect(warnings.some((warning) => /will be loaded again.*disk is full/.test(warning))).to.equal(true);
    expect(await readTotals(pool)).to.deep.equal({
      visible: { rows: 0, sum: 0 },
      stored: { rows: 0, sum: 0 },
      dead: 0,
    });

    await run("mount", ["-o", "remount,size=40m", disk as string]);
    const lines = someLines(1_000);
    const small = await folder.write("small.csv", `${HEADER}\n${lines.join("\n")}\n`);
    expect(only(await ingestSource({ database: new Database(pool, {}), source: small })).state).to.equal("published");
    expect((await readTotals(pool)).visible).to.deep.equal(totalsOf(lines));
  });

  it("waits for space in the audit, and goes on when there is some", async function () {
    this.timeout(60_000);
    const { pool } = database as TestDatabase;
    const LOCK = 4713;
    await pool.query(`
      CREATE FUNCTION wait() RETURNS trigger LANGUAGE plpgsql AS
        $$ BEGIN PERFORM pg_advisory_xact_lock(${LOCK}); RETURN NULL; END $$;
      CREATE TRIGGER waits BEFORE INSERT ON daily_rates FOR EACH STATEMENT EXECUTE FUNCTION wait()`);
    const holder = await pool.connect();
    const ballast = join(disk as string, "ballast");
    try {
      await holder.query("SELECT pg_advisory_lock($1)", [LOCK]);
      const warnings: string[] = [];
      const log = { info() {}, warn: (_: object, message: string) => warnings.push(message) };
      const lines = someLines(1_000).map((line) => line.replace(/2024-/, "2022-"));
      const path = await folder.write("audited.csv", `${HEADER}\n${lines.join("\n")}\n`);
      const done = ingestSource({ database: new Database(pool, { log }), source: path, feed: "audited" });
      done.catch(() => {});
      const waiting = "SELECT FROM pg_locks WHERE locktype = 'advisory' AND objid = $1 AND NOT granted";
      await until("the audit waits", async () => (await pool.query(waiting, [LOCK])).rowCount !== 0);
      await fill(ballast);
      await holder.query("SELECT pg_advisory_unlock($1)", [LOCK]);
      await until("it waits for space", () => warnings.includes("waiting for space on the database's disk"));
      await rm(ballast);
      const report = only(await done);
      expect(report).to.include({ state: "published", rows: lines.length });
    } finally {
      holder.release(true);
      await rm(ballast, { force: true });
    }
  });
});

/** Writes a file until there is no space for more. */
async function fill(path: string): Promise<void> {
  const file = await open(path, "w");
  const page = Buffer.alloc(4_096);
  try {
    for (;;) await file.write(page);
  } catch (error) {
    expect((error as NodeJS.ErrnoException).code).to.equal("ENOSPC");
  } finally {
    await file.close();
  }
}
