import pg from "pg";
import { Database } from "../../app/database/database.js";
import { databaseUrl, onServer, TEMPLATE } from "./postgres.js";

/** A database as the application uses it, but without patience, so that a test sees the first error. */
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
 * Makes a database of its own, so that test files cannot disturb each other. It has the newest schema, without places
 * or prices. With `{ empty: true }` it has no schema.
 */
export async function createDatabase(options: { empty?: boolean } = {}): Promise<TestDatabase> {
  count += 1;
  const name = `test_${process.pid}_${count}`;
  await onServer(`CREATE DATABASE ${name} TEMPLATE ${options.empty ? "template1" : TEMPLATE}`);
  return new TestDatabase(name);
}

/** The database of the tests in a `describe`. It exists only while they run. */
export class UsedDatabase {
  database!: TestDatabase;

  get pool(): pg.Pool {
    return this.database.pool;
  }

  get url(): string {
    return this.database.url;
  }
}

/**
 * For a `describe`: makes one database for all its tests. It exists before the other hooks begin and until they have
 * ended.
 */
export function useDatabase(): UsedDatabase {
  const test = new UsedDatabase();
  before(async function () {
    test.database = await createDatabase();
    suiteOf(this).afterAll(() => test.database.drop());
  });
  return test;
}

/**
 * For a `describe`: makes a new database for each of its tests. It exists before the other hooks begin and until they
 * have ended.
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
 * The suite of a test. A hook that is added while the suite runs comes last, because hooks run in the order in which
 * they were added. So the database is dropped after servers and clients have been closed.
 */
export function suiteOf({ test }: Mocha.Context): Mocha.Suite {
  return test?.parent as Mocha.Suite;
}
