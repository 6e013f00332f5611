import { readdir, readFile } from "node:fs/promises";
import type pg from "pg";
import { sleep } from "../sleep.js";
import { Client } from "./client.js";
import { withSessionSettings } from "./session-settings.js";
import { meaningOf } from "./sqlstates.js";

/** One numbered SQL file of `migrations/`. */
export interface Migration {
  readonly number: number;
  readonly name: string;
  readonly sql: string;
}

/** Thrown when a migration's SQL fails; everything of that migration is rolled back. */
export class MigrationError extends Error {
  constructor(message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = "MigrationError";
  }
}

const FOLDER = new URL("./migrations/", import.meta.url);
const FILE_NAME = /^(\d{4})_([a-z0-9_]+)\.sql$/;
/** Any number that no other program locks in this database. */
const ADVISORY_LOCK = 7_283_746_501;
/**
 * How long each try of a migration waits for a lock, unless the migration sets another time. Readers and loads would
 * wait behind a change that itself waits for another transaction, so the change gives up and is tried again.
 */
const LOCK_TIMEOUT_MS = 500;
const RETRY_MS = 1_000;
/** These tries take a quarter of an hour. */
const MOST_TRIES = 600;

/** The migrations of this release, in order. */
export async function listMigrations(): Promise<Migration[]> {
  const files = (await readdir(FOLDER)).filter((file) => FILE_NAME.test(file)).sort();
  return Promise.all(
    files.map(async (file) => {
      const [, number, name] = FILE_NAME.exec(file) as unknown as [string, string, string];
      return { number: Number(number), name, sql: await readFile(new URL(file, FOLDER), "utf8") };
    }),
  );
}

/**
 * Brings the database to the schema of this release. Each missing migration has its own transaction, and one process
 * runs at a time. A migration is tried again while other transactions hold the locks that it needs. The lock of this
 * function belongs to the session, so a killed migration leaves nothing behind and the next run continues. A database
 * with a newer schema is left alone, because the release before must run on the schema of the next one.
 *
 * This is plain SQL and not the migrator of knex, whose lock is a row that a killed process leaves behind.
 * @returns the migrations that were applied, in order.
 * @throws {MigrationError} that names the migration; the migrations before it stay applied.
 */
export async function migrate(url: string, migrations?: readonly Migration[]): Promise<Migration[]> {
  const connectionString = withSessionSettings(url, { withoutLimit: true });
  const client = new Client({ connectionString, application_name: "ratesapp migrate" });
  client.on("error", () => {});
  await client.connect();
  try {
    await client.query("SELECT pg_advisory_lock($1)", [ADVISORY_LOCK]);
    await client.query(`CREATE TABLE IF NOT EXISTS schema_migrations (
      number integer PRIMARY KEY, name text NOT NULL, applied_at timestamptz NOT NULL DEFAULT now())`);
    const { rows } = await client.query<{ number: number }>("SELECT number FROM schema_migrations");
    const done = new Set(rows.map((row) => row.number));
    const missing = (migrations ?? (await listMigrations())).filter((migration) => !done.has(migration.number));
    for (const migration of missing) await apply(client, migration);
    return missing;
  } finally {
    await client.end();
  }
}

/** True if every migration of this release is applied. New pods wait for this. */
export async function isMigrated(database: Pick<pg.Pool, "query">): Promise<boolean> {
  const wanted = (await listMigrations()).at(-1)?.number ?? 0;
  const { rows } = await database.query<{ done: boolean }>(
    "SELECT to_regclass('schema_migrations') IS NOT NULL AS done",
  );
  if (!rows[0]?.done) return false;
  const { rows: applied } = await database.query<{ newest: number | null }>(
    "SELECT max(number) AS newest FROM schema_migrations",
  );
  return (applied[0]?.newest ?? 0) >= wanted;
}

async function apply(client: pg.Client, migration: Migration): Promise<void> {
  for (let tries = 1; ; tries += 1) {
    try {
      return await attempt(client, migration);
    } catch (error) {
      await client.query("ROLLBACK").catch(() => {});
      if (meaningOf(error) === "locked" && tries < MOST_TRIES) {
        await sleep(RETRY_MS);
        continue;
      }
      const reason = (error as Error).message;
      throw new MigrationError(`Migration ${migration.number} (${migration.name}) failed: ${reason}`, { cause: error });
    }
  }
}

async function attempt(client: pg.Client, { number, name, sql }: Migration): Promise<void> {
  await client.query("BEGIN");
  await client.query(`SET LOCAL lock_timeout = ${LOCK_TIMEOUT_MS}`);
  await client.query(sql);
  await client.query("INSERT INTO schema_migrations (number, name) VALUES ($1, $2)", [number, name]);
  await client.query("COMMIT");
}
