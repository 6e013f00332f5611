import { mkdtemp, rm, statfs } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import pg from "pg";
import { openEmbedded } from "../../app/database/embedded.js";
import { migrate } from "../../app/database/migrate.js";

/** A migrated database. Test databases are copies of it. */
export const TEMPLATE = "ratesapp_template";
/** Tells the address of the server to the processes that run test files. They are started after the server. */
const SERVER_URL = "RATESAPP_TEST_SERVER_URL";
let server: Awaited<ReturnType<typeof openEmbedded>> | undefined;
let directory: string | undefined;

/** Starts one real PostgreSQL for the whole run, without fsync. Its files are in memory if there is enough room. */
export async function mochaGlobalSetup(): Promise<void> {
  directory = await mkdtemp(join(await roomyFolder(), "ratesapp-test-"));
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

const IN_MEMORY = "/dev/shm";
/** Several times the peak size of the files of all tests. */
const ROOM_BYTES = 8 * 1024 ** 3;

/**
 * A folder in memory, if it has enough room. To create and drop hundreds of databases on a disk takes a quarter of
 * Postgres' time.
 */
async function roomyFolder(): Promise<string> {
  const { bavail, bsize } = await statfs(IN_MEMORY).catch(() => ({ bavail: 0, bsize: 0 }));
  return bavail * bsize >= ROOM_BYTES ? IN_MEMORY : tmpdir();
}

/** The address of a database of this server, as its superuser. */
export function databaseUrl(name: string): string {
  const address = process.env[SERVER_URL];
  if (!address)
    throw new Error("The test server is not running: mocha must load test/kit/postgres.ts (.mocharc.json).");
  const url = new URL(address);
  url.pathname = `/${name}`;
  return url.href;
}

/** Runs statements that concern databases and roles. */
export async function onServer(...statements: readonly string[]): Promise<void> {
  const client = new pg.Client({ connectionString: databaseUrl("postgres") });
  await client.connect();
  try {
    for (const statement of statements) await client.query(statement);
  } finally {
    await client.end();
  }
}
