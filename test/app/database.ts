import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import pg from "pg";
import { openEmbedded } from "../../app/database/embedded.js";
import { migrate } from "../../app/database/migrate.js";

/**
 * One real PostgreSQL for the whole run, in a temporary folder and without fsync; each test file takes a database of
 * its own from a migrated template, so that files cannot disturb each other.
 */
const TEMPLATE = "ratesapp_template";
/** How the processes that run test files learn where it is: they are started after it. */
const SERVER_URL = "RATESAPP_TEST_SERVER_URL";
let server: Awaited<ReturnType<typeof openEmbedded>> | undefined;
let directory: string | undefined;
let count = 0;

export async function mochaGlobalSetup(): Promise<void> {
  directory = await mkdtemp(join(tmpdir(), "ratesapp-test-"));
  server = await openEmbedded({
    directory,
    serverSettings: { fsync: "off", full_page_writes: "off", synchronous_commit: "off", max_connections: "300" },
  });
  process.env[SERVER_URL] = server.url;
  await onServer(`CREATE DATABASE ${TEMPLATE}`);
  await migrate(databaseUrl(TEMPLATE));
}

export async function mochaGlobalTeardown(): Promise<void> {
  await server?.close();
  if (directory) await rm(directory, { recursive: true, force: true });
}

export interface TestDatabase {
  readonly url: string;
  readonly pool: pg.Pool;
  /** Closes the pool and drops the database, whoever is still connected. */
  drop(): Promise<void>;
}

/** A fresh database at the newest schema; `{ empty: true }` leaves the schema out. */
export async function createDatabase(options: { empty?: boolean } = {}): Promise<TestDatabase> {
  count += 1;
  const name = `test_${process.pid}_${count}`;
  await onServer(`CREATE DATABASE ${name} TEMPLATE ${options.empty ? "template1" : TEMPLATE}`);
  const url = databaseUrl(name);
  const pool = new pg.Pool({ connectionString: url, max: 20 });
  pool.on("error", () => {});
  pool.on("connect", (client) => client.on("error", () => {}));
  return {
    url,
    pool,
    async drop() {
      await pool.end();
      await onServer(`DROP DATABASE ${name} WITH (FORCE)`);
    },
  };
}

function databaseUrl(name: string): string {
  const server = process.env[SERVER_URL];
  if (!server) throw new Error("The test server is not running: mocha must load test/app/database.ts (.mocharc.json).");
  const url = new URL(server);
  url.pathname = `/${name}`;
  return url.href;
}

async function onServer(statement: string): Promise<void> {
  const client = new pg.Client({ connectionString: databaseUrl("postgres") });
  await client.connect();
  try {
    await client.query(statement);
  } finally {
    await client.end();
  }
}
