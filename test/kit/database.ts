import pg from "pg";
import { Database } from "../../app/database/database.js";
import { databaseUrl, onServer, TEMPLATE } from "./postgres.js";

/** As the product knows one, without patience, so that a test sees the first error. */
export class TestDatabase extends Database {
  readonly url: string;
  /** This, for tests that have it among other things ({@link useDatabase}). */
  readonly database: Database = this;
  /** Closes the pool and drops the database, whoever is still connected. */
  readonly drop: () => Promise<void>;

  constructor(name: string) {
    const url = databaseUrl(name);
    const pool = new pg.Pool({ connectionString: url, max: 20 });
    pool.on("error", () => {});
    pool.on("connect", (client) => client.on("error", () => {}));
    super(pool);
    this.url = url;
    this.drop = async () => {
      await pool.end();
      await onServer(`DROP DATABASE ${name} WITH (FORCE)`);
    };
  }
}

/** What the tests of a `describe` share. */
export type SharedDatabase = Pick<TestDatabase, "url" | "pool" | "database" | "drop">;

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

/** For a `describe`: one database for all its tests, there from before its other hooks until behind them. */
export function useDatabase(): SharedDatabase {
  const test = {} as SharedDatabase;
  before(async function () {
    Object.assign(test, await createDatabase());
    suiteOf(this).afterAll(() => test.drop());
  });
  return test;
}

/** For a `describe`: a new database for each of its tests, there from before its other hooks until behind them. */
export function useFreshDatabase(): SharedDatabase {
  const test = {} as SharedDatabase;
  before(function () {
    suiteOf(this).afterEach(() => test.drop());
  });
  beforeEach(async () => Object.assign(test, await createDatabase()));
  return test;
}

/**
 * Hooks that end what a test file began run in the order that they were added. One that is added while the suite runs
 * is the last: servers and clients are gone before their database.
 */
export function suiteOf({ test }: Mocha.Context): Mocha.Suite {
  return test?.parent as Mocha.Suite;
}
