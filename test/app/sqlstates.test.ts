import { expect } from "chai";
import type pg from "pg";
import { waitAfter } from "../../app/database/backoff.js";
import { openPool } from "../../app/database/pool.js";
import { isTransient, type Meaning, meaningOf } from "../../app/database/sqlstates.js";
import { useDatabase } from "../kit/database.js";

describe("what an error of the database means", () => {
  const test = useDatabase();

  const met: readonly (readonly [what: string, statement: string, meaning: Meaning | undefined, transient: boolean])[] =
    [
      ["a session that was ended", "SELECT pg_terminate_backend(pg_backend_pid())", "away", true],
      ["a standby that was asked to write", "BEGIN READ ONLY; CREATE TABLE x ()", "away", true],
      ["two at once", "DO $$ BEGIN RAISE 'x' USING ERRCODE = '40001'; END $$", "conflict", true],
      ["a lock that did not come", "DO $$ BEGIN RAISE 'x' USING ERRCODE = '55P03'; END $$", "locked", false],
      ["a full disk", "DO $$ BEGIN RAISE 'x' USING ERRCODE = '53100'; END $$", "full", false],
      ["its time limit", "SET statement_timeout = 10; SELECT pg_sleep(5)", "slow", false],
      ["a table that a migration brings", "SELECT FROM not_there", "unmigrated", false],
      ["a value that cannot be", "SELECT 1 / 0", "lasting", false],
      ["a constraint", "INSERT INTO dataset (version, changed_at) VALUES (1, now())", "lasting", false],
      ["a statement that is none", "SELEC 1", undefined, false],
      ["a right that is missing", "DO $$ BEGIN RAISE 'x' USING ERRCODE = '42501'; END $$", undefined, false],
    ];
  for (const [what, statement, meaning, transient] of met) {
    it(`is "${meaning ?? "a mistake"}" for ${what}, so that it is ${transient ? "" : "not "}asked again as it was`, async () => {
      const error = await failureOf(test.url, statement);
      expect(meaningOf(error)).to.equal(meaning);
      expect(isTransient(error)).to.equal(transient);
    });
  }

  it("is away for a server that is not there, under one address or several", async () => {
    expect(meaningOf(await failureOf("postgres://stranger@127.0.0.1:1/none", "SELECT 1"))).to.equal("away");
    const refused = Object.assign(new Error("refused"), { code: "ECONNREFUSED" });
    expect(meaningOf(new AggregateError([refused, refused]))).to.equal("away");
    expect(meaningOf(new AggregateError([new Error("something else")]))).to.equal(undefined);
  });
});

describe("waits between attempts", () => {
  it("double up to the longest, and leave to chance no more than they say", () => {
    const backoff = { firstMs: 100, longestMs: 1_000, jitter: 0.5 };
    for (const [attempt, most] of [
      [1, 100],
      [2, 200],
      [4, 800],
      [5, 1_000],
      [2_000, 1_000],
    ] as const) {
      for (let turn = 0; turn < 50; turn += 1) expect(waitAfter(attempt, backoff)).to.be.within(most / 2, most);
    }
  });
});

async function failureOf(url: string, statement: string): Promise<unknown> {
  const pool: pg.Pool = openPool({ url, size: 1, applicationName: "ratesapp test", statementTimeoutMs: 0 });
  try {
    return await pool.query(statement).then(
      () => undefined,
      (error: unknown) => error,
    );
  } finally {
    await pool.end();
  }
}
