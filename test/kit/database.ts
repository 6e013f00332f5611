import pg from "pg";
import { Database } from "../../app/database/database.js";
import { databaseUrl, onServer, TEMPLATE } from "./postgres.js";

/** A database as the application uses it, without patience, so that a test sees the first error. */
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

  /** Closes the pool and drops the database, also while sessions are still connected to it. */
  async drop(): Promise<void> {
    await this.pool.end();
    await onServer(`DROP DATABASE ${this.#name} WITH (FORCE)`);
  }
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
  return new TestDatabase(name);
}

/** The database of the tests of a `describe`; there when they run. */
export class UsedDatabase {
  database!: TestDatabase;

  get pool(): pg.Pool {
    return this.database.pool;
  }

  get url(): string {
    return this.database.url;
  }
}

/** For a `describe`: one database for all its tests, there before its other hooks run, and until they have run. */
export function useDatabase(): UsedDatabase {
  const test = new UsedDatabase();
  before(async function () {
    test.database = await createDatabase();
    suiteOf(this).afterAll(() => test.database.drop());
  });
  return test;
}

/**
 * For a `describe`: a new database for each of its tests, there before its other hooks run, and until they have run.
 */
export function useFreshDatabase(): UsedDatabase {
  const test = new UsedDatabase();
  before(function () {
    suiteOf(this).afterEach(() => test.database.drop());
  });
  beforeEach(async () => {
    test.database = await createDatabase();
  });
  return test;
}

/**
 * Hooks that end what a test file began run in the order that they were added. One that is added while the suite runs
 * is the last: servers and clients are gone before their database.
 */
export function suiteOf({ test }: Mocha.Context): Mocha.Suite {
  return test?.parent as Mocha.Suite;
}
