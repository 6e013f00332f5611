import { setTimeout } from "node:timers/promises";
import { expect } from "chai";
import type pg from "pg";
import { isMigrated, listMigrations, MigrationError, migrate } from "../../app/database/migrate.js";
import { createDatabase, type TestDatabase } from "../kit/database.js";

describe("migrate", () => {
  let database: TestDatabase;

  beforeEach(async () => {
    database = await createDatabase({ empty: true });
  });

  afterEach(() => database.drop());

  it("brings an empty database to the newest schema, and a second run changes nothing", async () => {
    expect(await isMigrated(database.pool)).to.equal(false);
    const applied = await migrate(database.url);
    expect(applied).to.deep.equal(await listMigrations());
    expect(await isMigrated(database.pool)).to.equal(true);
    expect(await migrate(database.url)).to.deep.equal([]);
  });

  it("reaches the same schema from every earlier version", async () => {
    const all = await listMigrations();
    await migrate(database.url);
    const wanted = await describeSchema(database.pool);
    for (const [kind, found] of Object.entries(wanted)) expect(found, kind).not.to.deep.equal([]);
    for (let start = 0; start < all.length; start += 1) {
      const earlier = await createDatabase({ empty: true });
      try {
        await migrate(earlier.url, all.slice(0, start));
        await migrate(earlier.url);
        expect(await describeSchema(earlier.pool)).to.deep.equal(wanted);
      } finally {
        await earlier.drop();
      }
    }
  });

  it("has one migration for each number, or the second of two would never be applied", async () => {
    const numbers = (await listMigrations()).map(({ number }) => number);
    expect(numbers).to.deep.equal(numbers.map((_, index) => index + 1));
  });

  it("runs once when many pods start at the same time", async () => {
    const runs = await Promise.all([1, 2, 3, 4].map(() => migrate(database.url)));
    expect(runs.map((applied) => applied.length).sort()).to.deep.equal([0, 0, 0, (await listMigrations()).length]);
  });

  it("lets readers through while it waits for one that holds the table it changes", async () => {
    const all = await listMigrations();
    const wider = all.findIndex(({ name }) => name === "codes_of_any_digit");
    await migrate(database.url, all.slice(0, wider));
    const long = await database.pool.connect();
    await long.query("BEGIN");
    await long.query("SELECT FROM places");
    const migrating = migrate(database.url, all.slice(wider, wider + 1));
    const queued =
      "SELECT count(*)::integer AS locks FROM pg_locks WHERE relation = 'places'::regclass AND NOT granted";
    while ((await database.pool.query(queued)).rows[0].locks === 0) await setTimeout(10);
    // As long as the statement of a reader may take; the lock that is waited for stands before it.
    await database.pool.query("SET statement_timeout = '2s'; SELECT FROM places");
    await long.query("INSERT INTO places (code, kind, name) VALUES ('DEHAM', 'port', 'Hamburg')");
    await long.query("COMMIT");
    long.release();
    expect(await migrating).to.have.length(1);
    await database.pool.query("INSERT INTO places (code, kind, name) VALUES ('DE9B0', 'port', 'x')");
  });

  it("begins a migration that does not get a lock again from its start, and holds none of its other locks meanwhile", async () => {
    const { pool } = database;
    await pool.query("CREATE TABLE first (); CREATE TABLE second ()");
    const long = await pool.connect();
    await long.query("BEGIN; SELECT FROM second");
    const sql = "ALTER TABLE first ADD COLUMN a integer; ALTER TABLE second ADD COLUMN a integer";
    const migrating = migrate(database.url, [{ number: 1, name: "both", sql }]);
    const waiting = "SELECT FROM pg_locks WHERE relation = 'second'::regclass AND NOT granted";
    while ((await pool.query(waiting)).rowCount === 0) await setTimeout(10);
    await long.query("SELECT FROM first");
    await long.query("COMMIT");
    long.release();
    expect(await migrating).to.have.length(1);
    await pool.query("SELECT first.a, second.a FROM first, second");
  });

  it("rolls a failing migration back, names it and keeps those before", async () => {
    const good = { number: 1, name: "good", sql: "CREATE TABLE good ()" };
    const bad = { number: 2, name: "bad", sql: "CREATE TABLE half (); SELECT 1 / 0" };
    let failure: unknown;
    await migrate(database.url, [good, bad]).catch((error: unknown) => {
      failure = error;
    });
    expect(failure).to.be.instanceOf(MigrationError);
    expect((failure as Error).message).to.include("Migration 2 (bad) failed: division by zero");
    const { rows } = await database.pool.query("SELECT to_regclass('good') AS good, to_regclass('half') AS half");
    expect(rows[0]).to.deep.equal({ good: "good", half: null });
  });

  it("leaves a database of a newer release alone", async () => {
    const later = { number: 9999, name: "later", sql: "SELECT 1" };
    await migrate(database.url, [...(await listMigrations()), later]);
    expect(await migrate(database.url)).to.deep.equal([]);
    expect(await isMigrated(database.pool)).to.equal(true);
  });
});

const SCHEMA = {
  columns: `SELECT table_name, column_name, data_type, column_default, is_nullable FROM information_schema.columns
    WHERE table_schema = 'public' ORDER BY 1, 2`,
  indexes: "SELECT indexname, indexdef FROM pg_indexes WHERE schemaname = 'public' ORDER BY 1",
  constraints: `SELECT conrelid::regclass::text AS table, conname, pg_get_constraintdef(oid) AS definition
    FROM pg_constraint WHERE connamespace = 'public'::regnamespace ORDER BY 1, 2`,
  functions: `SELECT proname, pg_get_functiondef(oid) AS definition FROM pg_proc
    WHERE pronamespace = 'public'::regnamespace ORDER BY 1, 2`,
  triggers: `SELECT tgrelid::regclass::text AS table, tgname, pg_get_triggerdef(oid) AS definition
    FROM pg_trigger WHERE NOT tgisinternal ORDER BY 1, 2`,
  sequences: `SELECT sequencename, data_type::text, start_value, increment_by FROM pg_sequences
    WHERE schemaname = 'public' ORDER BY 1`,
};

async function describeSchema(pool: pg.Pool): Promise<Record<string, unknown[]>> {
  const described: Record<string, unknown[]> = {};
  for (const [kind, statement] of Object.entries(SCHEMA)) described[kind] = (await pool.query(statement)).rows;
  return described;
}
