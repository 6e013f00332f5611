import { setTimeout as sleep } from "node:timers/promises";
import { expect } from "chai";
import pg from "pg";
import { listBatches } from "../../app/batches/list-batches.js";
import { publishBatch } from "../../app/batches/publish.js";
import { readRejects } from "../../app/batches/rejects.js";
import { readBadLines } from "../../app/batches/reported-lines.js";
import { retractBatch } from "../../app/batches/retract.js";
import { Database } from "../../app/database/database.js";
import { migrate } from "../../app/database/migrate.js";
import { openPool } from "../../app/database/pool.js";
import { withSessionSettings } from "../../app/database/session-settings.js";
import { ingestSource } from "../../app/ingest/ingest-source.js";
import type { SourceObject } from "../../app/ingest/sources/source.js";
import { RatesFinder } from "../../app/rates/find-rates.js";
import { compact } from "../../app/upkeep/compact.js";
import { dropOldMonths } from "../../app/upkeep/retention.js";
import { startApi } from "../kit/api.js";
import { createDatabase } from "../kit/database.js";
import { createHostileDatabase } from "../kit/hostile-database.js";
import { runRatesapp } from "./commands/ratesapp.js";
import { age } from "./ingest/deliveries.js";
import { bringPlaces, HEADER, only, someLines } from "./ingest/setup.js";

const WINDOW = { origin: "china", destination: "europe", dateFrom: "2024-01-10", dateTo: "2024-02-28" };
const QUERY = "origin=china&destination=europe&date_from=2024-01-10&date_to=2024-02-28";
const BAD = ["CNSGH", "CNSGH,NLRTM,2024-02-30,5", "CNSGH,XX\\ÄÖ\\101\u0001,2024-02-01,5"];

describe("a database whose sessions begin with other settings", function () {
  this.timeout(60_000);

  it("is served, loaded, taken back and kept small as any other", async () => {
    const [plain, hostile] = await Promise.all([createDatabase({ empty: true }), createHostileDatabase()]);
    try {
      const [wanted, found] = await Promise.all([everything(plain.url), everything(hostile.url)]);
      expect(found).to.deep.equal(wanted);
    } finally {
      await Promise.all([plain.drop(), hostile.drop()]);
    }
  });

  it("keeps the limits that an operator gave the role that reads", async () => {
    const hostile = await createHostileDatabase();
    const show = async (statementTimeoutMs: number) => {
      const pool = openPool({ url: hostile.url, size: 1, applicationName: "test", statementTimeoutMs });
      const { rows } = await pool.query("SELECT name, setting FROM pg_settings WHERE name = ANY ($1)", [
        ["statement_timeout", "idle_in_transaction_session_timeout", "lock_timeout", "default_transaction_isolation"],
      ]);
      await pool.end();
      return Object.fromEntries(rows.map(({ name, setting }) => [name, setting]));
    };
    const default_transaction_isolation = "read committed";
    expect(await show(2_000)).to.deep.equal({
      default_transaction_isolation,
      statement_timeout: "2000",
      idle_in_transaction_session_timeout: "50",
      lock_timeout: "1",
    });
    expect(await show(0)).to.deep.equal({
      default_transaction_isolation,
      statement_timeout: "0",
      idle_in_transaction_session_timeout: "0",
      lock_timeout: "0",
    });
    await hostile.drop();
  });

  for (const [address, own] of [
    ["postgres://u:p@h/d", ""],
    ["postgres://u:p@h/d?options=-c%20role%3Downer&sslmode=disable", " -c role=owner"],
    ["postgres://u:p%ZZ a@h/d?sslmode=disable&options=-c+role=owner", " -c role=owner"],
  ] as const) {
    it(`is told so behind an address such as ${address}, and nothing that stands in it is lost`, () => {
      const settings = withSessionSettings(address, { withoutLimit: false });
      const { options, host, database } = new pg.Client(settings) as unknown as Record<string, string> & {
        connectionParameters: { options: string };
      };
      const sent = (new pg.Client(settings) as unknown as { connectionParameters: { options: string } })
        .connectionParameters.options;
      expect({ host, database, options }).to.include({ host: "h", database: "d" });
      expect(sent).to.match(/^-c DateStyle=ISO,\\ MDY -c bytea_output=hex .* -c idle_session_timeout=0/);
      expect(sent.endsWith(`idle_session_timeout=0${own}`), sent).to.equal(true);
    });
  }
});

/** What a user sees of a database, from its first migration on; without what no two runs share. */
async function everything(url: string) {
  await migrate(url);
  const pool = openPool({ url, size: 8, applicationName: "test", statementTimeoutMs: 0 });
  const api = await startApi({ DATABASE_URL: url });
  try {
    await bringPlaces(pool);
    const reports = [];
    for (const seed of [1, 2, 3, 4]) {
      // A day that Kiritimati has skipped, among enough that rows are on their way while the source is silent.
      const lines = [...someLines(seed === 1 ? 6_000 : 400, seed), "CNSGH,NLRTM,1994-12-31,100", ...BAD];
      const source = slowSource(`${seed}.csv`, lines);
      const { batchId, state, rows, rejected } = only(
        await ingestSource({ database: new Database(pool, {}), source, feed: "sea", maxBadRows: 3 }),
      );
      reports.push({ batchId, state, rows, rejected });
    }
    const rejected = [];
    for await (const lines of readRejects(new Database(pool), 1)) rejected.push(lines.toString());
    const rates = await findRates(pool);
    // As through a pooler that does not pass the settings on.
    const bare = new pg.Pool({
      connectionString: url,
      options: "-c search_path=public -c statement_timeout=0 -c transaction_timeout=0",
    });
    expect(await findRates(bare)).to.deep.equal(rates);
    await bare.end();
    const get = async (path: string) => (await fetch(`${api.apiUrl}${path}`)).text();
    const answers = await Promise.all([get(`/rates?${QUERY}`), get("/ports"), get("/regions")]);
    const seen = await listBatches(new Database(pool), { limit: 10 });
    const ages = seen.map(({ created_at, published_at, read_at }) => [
      +read_at - +created_at,
      +read_at - +(published_at ?? 0),
    ]);
    expect(Math.min(...ages.flat())).to.be.within(0, 60_000);

    const retracted = [await retractBatch(new Database(pool), 4), await publishBatch(new Database(pool), 4)];
    await age(pool, 60);
    const tooOld = await retractBatch(new Database(pool), 4).catch((error: Error) => error.name);
    const table = await runRatesapp(["batches", "list"], { DATABASE_URL: url });
    const compacted = await compact(new Database(pool));
    const folded = await findRates(pool);
    const dropped = await dropOldMonths(new Database(pool), { retentionDays: 30 });
    return {
      reports,
      rejected,
      reported: await readBadLines(new Database(pool), 1, 10),
      rates,
      answers,
      retracted,
      tooOld,
      table: { ...table, stdout: table.stdout.replaceAll(/\d{4}-\d\d-\d\d \d\d:\d\d:\d\dZ/g, "INSTANT") },
      compacted,
      folded,
      dropped,
      left: await findRates(pool),
    };
  } finally {
    await api.stop();
    await pool.end();
  }
}

async function findRates(pool: pg.Pool): Promise<object> {
  const { counts, sums } = await new RatesFinder().find(pool, WINDOW);
  return { counts, sums };
}

/** A file that takes longer to read than some databases let a statement take. */
function slowSource(name: string, lines: readonly string[]): { several: boolean; list(): AsyncIterable<SourceObject> } {
  const content = Buffer.from(`${HEADER}\n${lines.join("\n")}\n`);
  const object: SourceObject = {
    name,
    location: name,
    channel: "file",
    identity: name,
    bytes: content.length,
    ranges: true,
    repeatable: true,
    async *read(from, to) {
      const wanted = content.subarray(from, to ?? content.length);
      yield wanted.subarray(0, wanted.length / 2);
      if (wanted.length > 100) await sleep(250);
      yield wanted.subarray(wanted.length / 2);
    },
    verify: async () => {},
  };
  return {
    several: false,
    async *list() {
      yield object;
    },
  };
}
