import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import zlib from "node:zlib";
import { expect } from "chai";
import type pg from "pg";
import { ratesOfDays } from "../app/ingest/deliveries.js";
import { bringPlaces, createFolder, type Folder, HEADER, someLines, totalsOf } from "../app/ingest/setup.js";
import { createDatabase, type TestDatabase } from "../kit/database.js";
import { runs } from "../kit/runs.js";
import { until } from "../kit/until.js";

/**
 * Run it longer with `RUNS=50 npx mocha test/slow/kill.test.ts`. The seed that it prints (`KILL_SEED`) repeats a
 * run as far as timing allows.
 */
const ROUNDS = runs(5);
const SEED = Number(process.env.KILL_SEED ?? Math.floor(Math.random() * 1_000_000));
const LINES = 120_000;
/** Longest wait before each of the two kills: two waits take about as long as the batch. */
const LONGEST_WAIT_MS = 700;
const DAY_MS = 86_400_000;
/** Makes about thirty pieces. */
const PIECE_BYTES = 128 * 1024;
const SKEW = new URL("../app/ingest/skewed-clock.mjs", import.meta.url).href;
const WORKER = fileURLToPath(new URL("../app/ingest/worker-process.mjs", import.meta.url));

describe(`workers killed at random points (seed ${SEED})`, () => {
  let database: TestDatabase;
  let folder: Folder;
  const running = new Set<ChildProcess>();
  const random = randomNumbers(SEED);

  before(async () => {
    database = await createDatabase();
    folder = await createFolder();
    await bringPlaces(database.pool);
  });
  after(async () => {
    for (const worker of running) worker.kill("SIGKILL");
    await folder.remove();
    await database.drop();
  });

  /** Starts a worker whose clock is wrong by up to a day. */
  function startWorker(path: string, feed: string): ChildProcess {
    const offsetMs = Math.round((random() * 2 - 1) * DAY_MS);
    const worker = spawn(process.execPath, ["--import", SKEW, WORKER, database.url, path, feed, String(PIECE_BYTES)], {
      stdio: ["ignore", "ignore", "inherit"],
      env: { ...process.env, CLOCK_OFFSET_MS: String(offsetMs) },
    });
    running.add(worker);
    worker.on("exit", () => running.delete(worker));
    return worker;
  }

  for (let round = 1; round <= ROUNDS; round += 1) {
    const packed = round % 3 === 0;
    it(`publish the batch exactly once, round ${round}${packed ? ", gzip" : ""}`, async function () {
      this.timeout(120_000);
      const feed = `round ${round}`;
      const lines = someLines(LINES, SEED + round, 50);
      const content = `${HEADER}\n${lines.join("\n")}\n`;
      const path = await folder.write(`${round}.csv`, packed ? zlib.gzipSync(content, { level: 1 }) : content);
      const version = await readVersion(database.pool);

      const killed = [startWorker(path, feed), startWorker(path, feed)];
      await until("the batch is planned", async () => (await readStates(database.pool, feed)).length > 0);
      const exits = killed.map((worker) => once(worker, "exit"));
      for (const worker of killed) {
        await sleep(random() * LONGEST_WAIT_MS);
        worker.kill("SIGKILL");
      }
      await Promise.all(exits);
      // Ends the leases of the killed workers, which would last for thirty seconds.
      await database.pool.query("UPDATE pieces SET lease_until = clock_timestamp() WHERE state = 'loading'");
      await database.pool.query("UPDATE batches SET lease_until = clock_timestamp() WHERE lease_until IS NOT NULL");

      const [code] = await once(startWorker(path, feed), "exit");
      expect(code).to.equal(0);
      expect(await readStates(database.pool, feed)).to.deep.equal(["published"]);
      expect(await readTotalsOf(database.pool, feed)).to.deep.equal({
        ...prefixed("stored", totalsOf(lines)),
        ...prefixed("visible", totalsOf(lines)),
      });
      expect(await readVersion(database.pool)).to.equal(version + 1);
      await folder.write(`${round}.csv`, "");
    });
  }
});

function prefixed(prefix: string, { rows, sum }: { rows: number; sum: number }): Record<string, number> {
  return { [`${prefix}_rows`]: rows, [`${prefix}_sum`]: sum };
}

async function readStates(pool: pg.Pool, feed: string): Promise<string[]> {
  const { rows } = await pool.query<{ state: string }>("SELECT state FROM batches WHERE feed = $1", [feed]);
  return rows.map((row) => row.state);
}

async function readVersion(pool: pg.Pool): Promise<number> {
  return Number((await pool.query<{ version: string }>("SELECT version FROM dataset")).rows[0]?.version);
}

async function readTotalsOf(pool: pg.Pool, feed: string): Promise<Record<string, number>> {
  const { rows } = await pool.query<Record<string, number>>(
    `WITH batch AS (SELECT id FROM batches WHERE feed = $1),
     stored AS (SELECT count(*) AS rows, sum(price) AS sum FROM prices WHERE batch_id IN (SELECT id FROM batch)),
     visible AS (
       SELECT sum(count) AS rows, sum(sum) AS sum FROM ${ratesOfDays} r JOIN batch_days USING (batch_id, day)
       WHERE batch_id IN (SELECT id FROM batch) AND visible
         AND origin_id IN (SELECT id FROM places WHERE kind = 'port')
         AND destination_id IN (SELECT id FROM places WHERE kind = 'port'))
     SELECT stored.rows::float8 AS stored_rows, stored.sum::float8 AS stored_sum,
            visible.rows::float8 AS visible_rows, visible.sum::float8 AS visible_sum
     FROM stored, visible`,
    [feed],
  );
  return rows[0] as Record<string, number>;
}

function randomNumbers(seed: number): () => number {
  let state = seed;
  return () => {
    state = (Math.imul(state, 1_103_515_245) + 12_345) >>> 0;
    return state / 2 ** 32;
  };
}
