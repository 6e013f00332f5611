import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import pg from "pg";
import { Database } from "../../app/database/database.js";
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

/** As the product knows one: without patience, so that a test sees the first error. */
export class TestDatabase extends Database {
  readonly url: string;
  readonly #name: string;

  constructor(name: string) {
    const url = databaseUrl(name);
    const pool = new pg.Pool({ connectionString: url, max: 20 });
    pool.on("error", () => {});
    pool.on("connect", (client) => client.on("error", () => {}));
    super(pool);
    this.url = url;
    this.#name = name;
  }

  /** Closes the pool and drops the database, whoever is still connected. */
  async drop(): Promise<void> {
    await this.pool.end();
    await onServer(`DROP DATABASE ${this.#name} WITH (FORCE)`);
  }
}

/** A fresh database at the newest schema; `{ empty: true }` leaves the schema out. */
export async function createDatabase(options: { empty?: boolean } = {}): Promise<TestDatabase> {
  count += 1;
  const name = `test_${process.pid}_${count}`;
  await onServer(`CREATE DATABASE ${name} TEMPLATE ${options.empty ? "template1" : TEMPLATE}`);
  return new TestDatabase(name);
}

/** What an operator, or another program on the same server, may have set: each of these has broken something once. */
const OF_DATABASE = {
  datestyle: "German",
  timezone: "Pacific/Kiritimati",
  extra_float_digits: "-15",
  standard_conforming_strings: "off",
  default_transaction_isolation: "serializable",
  statement_timeout: "150ms",
  transaction_timeout: "200ms",
  enable_partition_pruning: "off",
  enable_seqscan: "off",
  plan_cache_mode: "force_generic_plan",
  work_mem: "64kB",
};
/** Of the role, which win over those of the database. */
const OF_ROLE = {
  datestyle: "SQL, DMY",
  intervalstyle: "sql_standard",
  bytea_output: "escape",
  array_nulls: "off",
  search_path: "pg_catalog",
  client_encoding: "LATIN1",
  lock_timeout: "1ms",
  idle_in_transaction_session_timeout: "50ms",
  idle_session_timeout: "100ms",
  enable_indexscan: "off",
  enable_bitmapscan: "off",
  quote_all_identifiers: "on",
  row_security: "off",
  default_statistics_target: "1",
  lc_monetary: "C",
};

export interface HostileDatabase {
  /** As a role that owns the database, and is no superuser. */
  readonly url: string;
  drop(): Promise<void>;
}

/** An empty database in which every session begins with settings that nobody expects. */
export async function createHostileDatabase(): Promise<HostileDatabase> {
  count += 1;
  const name = `hostile_${process.pid}_${count}`;
  const set = (settings: Record<string, string>, of: string) =>
    Object.entries(settings).map(
      ([setting, value]) => `ALTER ${of} ${name} SET ${setting} = ${value.includes(",") ? value : `'${value}'`}`,
    );
  await onServer(
    `CREATE ROLE ${name} LOGIN PASSWORD 'x'`,
    `CREATE DATABASE ${name} OWNER ${name}`,
    ...set(OF_DATABASE, "DATABASE"),
    ...set(OF_ROLE, "ROLE"),
  );
  const url = new URL(databaseUrl(name));
  url.username = name;
  url.password = "x";
  return { url: url.href, drop: () => onServer(`DROP DATABASE ${name} WITH (FORCE)`, `DROP ROLE ${name}`) };
}

function databaseUrl(name: string): string {
  const server = process.env[SERVER_URL];
  if (!server) throw new Error("The test server is not running: mocha must load test/app/database.ts (.mocharc.json).");
  const url = new URL(server);
  url.pathname = `/${name}`;
  return url.href;
}

async function onServer(...statements: readonly string[]): Promise<void> {
  const client = new pg.Client({ connectionString: databaseUrl("postgres") });
  await client.connect();
  try {
    for (const statement of statements) await client.query(statement);
  } finally {
    await client.end();
  }
}
