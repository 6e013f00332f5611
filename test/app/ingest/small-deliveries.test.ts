import { stat } from "node:fs/promises";
import { join } from "node:path";
import zlib from "node:zlib";
import { expect } from "chai";
import fc from "fast-check";
import pg from "pg";
import { Database } from "../../../app/database/database.js";
import { type IngestOptions, ingestSource } from "../../../app/ingest/ingest-source.js";
import { identityOf } from "../../../app/ingest/sources/identity.js";
import { createDatabase, type TestDatabase } from "../../kit/database.js";
import { runs } from "../../kit/runs.js";
import { killAt } from "./kill-at.js";
import { bringPlaces, createFolder, type Folder, HEADER, readTotals, someLines, totalsOf } from "./setup.js";

const FILES = 7;
const LINES = 200;

describe("small deliveries of a folder", function () {
  this.timeout(60_000);
  let database: TestDatabase;
  let folder: Folder;
  const lines = someLines(FILES * LINES);

  beforeEach(async () => {
    database = await createDatabase();
    folder = await createFolder();
    await bringPlaces(database.pool);
  });
  afterEach(async () => {
    await folder.remove();
    await database.drop();
  });

  /** Writes the files. The first takes the longest to load, and every third is compressed. */
  async function writeFiles(): Promise<string[]> {
    const names: string[] = [];
    for (let file = 0; file < FILES; file += 1) {
      const part = lines.slice(file * LINES, (file + 1) * LINES).join("\n");
      const content = `${HEADER}\n${part}\n${file === 0 ? "\n".repeat(300_000) : ""}`;
      names.push(`${file}.csv`);
      await folder.write(`${file}.csv`, file % 3 === 2 ? zlib.gzipSync(content) : content);
    }
    return names;
  }

  const ingest = (options: Partial<IngestOptions> = {}) =>
    ingestSource({ database, source: folder.path, feed: "sea", ...options });

  /** The names of the files, in the order in which they were published. */
  async function published(): Promise<string[]> {
    const { rows } = await database.pool.query<{ source: string }>(
      "SELECT source FROM batches WHERE mode <> 'compaction' AND sequence IS NOT NULL ORDER BY sequence",
    );
    return rows.map(({ source }) => source.slice(folder.path.length + 1));
  }

  it("are published in the order of their names, though others are loaded meanwhile", async () => {
    const names = await writeFiles();
    const happened: string[] = [];
    const reports = await ingest({
      onBatch: (_, { name }) => happened.push(`${name} begins`),
      onReport: ({ name }) => void happened.push(`${name} ends`),
    });
    expect(reports.map(({ name, state }) => `${name} ${state}`)).to.deep.equal(
      names.map((name) => `${name} published`),
    );
    expect(await published()).to.deep.equal(names);
    expect(happened.indexOf("1.csv begins")).to.be.lessThan(happened.indexOf("0.csv ends"));
    expect((await readTotals(database.pool)).visible).to.deep.equal(totalsOf(lines));
  });

  it("go on around one that fails, which is told in its place", async () => {
    const names = await writeFiles();
    await folder.write("3.csv", `${HEADER}\nCNSGH,NLRTM,2026-02-30,1\n`);
    const reports = await ingest();
    expect(reports.map(({ name, state }) => `${name} ${state}`)).to.deep.equal(
      names.map((name) => `${name} ${name === "3.csv" ? "failed" : "published"}`),
    );
    expect(await published()).to.deep.equal(names.filter((name) => name !== "3.csv"));
  });

  it("go back to earlier prices where the last says those of the first again", async () => {
    const replace = async (name: string, ...prices: string[]) =>
      folder.write(name, `${HEADER}\n${prices.map((price) => `CNSGH,NLRTM,${price}`).join("\n")}\n`);
    const seen = async () =>
      (await database.pool.query("SELECT batch_id FROM batch_days WHERE visible AND day = '2024-03-01'")).rows;
    await replace("1.csv", "2024-03-01,100");
    await ingest({ mode: "replace" });
    // This file takes longer to load than the next, so the next is audited first.
    await replace("2.csv", "2024-03-01,200", ...Array.from({ length: 30_000 }, () => "2024-03-02,1"));
    await replace("3.csv", "2024-03-01,100");
    const reports = await ingest({ mode: "replace" });
    expect(reports.map(({ state }) => state)).to.deep.equal(["published", "published"]);
    expect(await seen()).to.deep.equal([{ batch_id: reports[1]?.batchId }]);
  });

  it("are loaded once by several workers that share the folder, in the order of names", async () => {
    const names = await writeFiles();
    const pools = [1, 2].map(() => new pg.Pool({ connectionString: database.url, max: 6 }));
    await Promise.all(pools.map((pool) => ingest({ database: new Database(pool, {}) })));
    await Promise.all(pools.map((pool) => pool.end()));
    expect(await published()).to.deep.equal(names);
    expect((await readTotals(database.pool)).stored).to.deep.equal(totalsOf(lines));
  });

  it("are all there once, in the order of names, wherever workers were killed", async () => {
    const names = await writeFiles();
    await fc.assert(
      fc.asyncProperty(fc.array(fc.nat({ max: 45 * FILES }), { maxLength: 3 }), async (kills) => {
        for (const statements of kills) {
          const { pool, killed } = killAt(database.url, statements, 6);
          await ingest({ database: new Database(pool, { signal: killed }) }).catch(() => {});
          await pool.end();
          // Ends the leases of the killed workers, which would last for thirty seconds.
          await database.pool.query("UPDATE pieces SET lease_until = clock_timestamp() WHERE state = 'loading'");
          await database.pool.query("UPDATE batches SET lease_until = clock_timestamp() WHERE lease_until IS NOT NULL");
        }
        await ingest();
        expect(await published()).to.deep.equal(names);
        const { stored, visible } = await readTotals(database.pool);
        expect([stored, visible]).to.deep.equal([totalsOf(lines), totalsOf(lines)]);
        await database.pool.query("TRUNCATE batches CASCADE");
        await database.pool.query("TRUNCATE prices, daily_rates");
      }),
      { numRuns: runs(8) },
    );
  });

  it("are looked for by hundreds, so that a new one among many that are done is found at once", async () => {
    const done = Array.from({ length: 2_000 }, (_, file) => `${10_000 + file}.csv`);
    const identities = await Promise.all(
      done.map(async (name) => {
        await folder.write(name, "");
        const { size, mtimeNs } = await stat(join(folder.path, name), { bigint: true });
        return identityOf(name, size, mtimeNs);
      }),
    );
    await database.pool.query(
      `INSERT INTO batches (feed, source, channel, delivery_identity, mode, state, planned, max_bad_rows, sequence, published_at)
       SELECT 'sea', identity, 'file', identity, 'append', 'published', true, 0, nextval('batch_sequence'), clock_timestamp()
       FROM unnest($1::text[]) AS identity`,
      [identities],
    );
    await folder.write("new.csv", `${HEADER}\n${lines[0]}\n`);
    let statements = 0;
    const pool = new pg.Pool({ connectionString: database.url, max: 6 });
    pool.on("connect", (client) => {
      const query = client.query.bind(client) as (...args: unknown[]) => unknown;
      Object.assign(client, {
        query: (...args: unknown[]) => {
          statements += 1;
          return query(...args);
        },
      });
    });
    const reports = await ingest({ database: new Database(pool, {}) });
    await pool.end();
    expect(reports.map(({ name, state }) => `${name} ${state}`)).to.deep.equal(["new.csv published"]);
    expect(statements).to.be.lessThan(70);
  });
});
