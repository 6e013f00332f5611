import pg from "pg";
import { Database } from "../../app/database/database.js";
import { databaseUrl, onServer, TEMPLATE } from "./postgres.js";

export interface TestDatabase {
  readonly url: string;
  readonly pool: pg.Pool;
  /** What statements of the product run on: `pool`, without patience. */
  readonly database: Database;
  /** Closes the pool and drops the database, whoever is still connected. */
  readonly drop: () => Promise<void>;
}

let count = 0;

/**
 * A database of its own, so that test files cannot disturb each other: a copy of the newest schema, without places or
 * prices; `{ empty: true }` leaves the schema out.
 */
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
    database: new Database(pool),
    async drop() {
      await pool.end();
      await onServer(`DROP DATABASE ${name} WITH (FORCE)`);
    },
  };
}

/** For a `describe`: one database for all its tests, there from the first to the last. */
export function useDatabase(): TestDatabase {
  const test = {} as TestDatabase;
  before(async () => Object.assign(test, await createDatabase()));
  after(() => test.drop?.());
  return test;
}

/** For a `describe`: a new database for each of its tests. */
export function useFreshDatabase(): TestDatabase {
  const test = {} as TestDatabase;
  beforeEach(async () => Object.assign(test, await createDatabase()));
  afterEach(() => test.drop?.());
  return test;
}
