import { execFile } from "node:child_process";
import { randomUUID } from "node:crypto";
import { createWriteStream } from "node:fs";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import { setTimeout as sleep } from "node:timers/promises";
import { promisify } from "node:util";
import { load } from "js-yaml";
import type pg from "pg";
import { environments } from "../infra/settings/environments.js";
import { millicores } from "../infra/settings/quantity.js";
import { type BenchServer, loadPrices, settle, withPool } from "./bench-database.js";
import { median } from "./compare.js";
import { canOpenControlGroups, openControlGroup, type Share } from "./control-group.js";
import { withFolder } from "./folder.js";
import { peakMemory } from "./peak-memory.js";
import { type PriceLines, priceLines } from "./price-source.js";
import { type Line, milliseconds, perSecond } from "./report.js";
import { mixed } from "./serving.js";
import { applyLoad, startRatesapp, withApplicationName } from "./started.js";
import { startIngest } from "./started-ingest.js";

const ROWS = 5_000_000;
/** 2.3 prices a cell (origin, destination, day) over a year; the public data set that the tests know has 2.6. */
const YEAR: PriceLines = { rows: ROWS, firstDay: "2025-01-01", days: 365, seed: 1 };
/** 26 prices a cell: the same number within a month. */
const MONTH: PriceLines = { ...YEAR, days: 31 };
const ROUNDS = 3;
/** p99s differ more from each other than times of ingest do. */
const READERS_ROUNDS = 5;

/** From a file of 5 million lines to published rates, against psql's `\copy` of the same file. */
export async function benchIngest(server: BenchServer): Promise<Line[]> {
  return withFolder(async (folder) => {
    const lines: Line[] = [];
    for (const [kind, shape] of [
      ["of one month", MONTH],
      ["of one year", YEAR],
    ] as const) {
      const file = await writeFileOf(folder, shape);
      const seconds = { ours: [] as number[], bare: [] as number[], indexed: [] as number[] };
      for (let round = 0; round < ROUNDS; round += 1) {
        const bareUrl = await server.createDatabase("bare", { empty: true });
        seconds.bare.push(await timeCopy(bareUrl, "bare", file));
        await server.dropDatabase("bare");
        const ourUrl = await server.createDatabase("ours");
        seconds.ours.push(await timed(async () => (await startIngest(ourUrl, file)).end()));
        await server.dropDatabase("ours");
        const indexedUrl = await server.createDatabase("indexed", { empty: true });
        seconds.indexed.push(await timeCopy(indexedUrl, "indexed", file));
        await server.dropDatabase("indexed");
      }
      const rate = (values: number[]) => ROWS / median(values);
      const ratio = (peer: number[]) => median(peer.map((value, round) => value / (seconds.ours[round] as number)));
      lines.push(
        {
          what: `5 million prices ${kind}, from file to published; against \`\\copy\` into a bare table`,
          ours: perSecond(rate(seconds.ours)),
          peer: perSecond(rate(seconds.bare)),
          ratio: ratio(seconds.bare).toFixed(2),
          promised: "at least 0.5",
        },
        {
          what: "the same; against `\\copy` into a table with an index on origin, destination, day including price",
          ours: perSecond(rate(seconds.ours)),
          peer: perSecond(rate(seconds.indexed)),
          ratio: ratio(seconds.indexed).toFixed(2),
          promised: "over 3",
        },
      );
    }
    return lines;
  });
}

/** Two workers against one, free and each held to a quarter of a core, by turns (1 2 2 1 1 2). */
export async function benchWorkers(server: BenchServer): Promise<Line[]> {
  const free = {
    share: null,
    rows: 10 * ROWS,
    what: "50 million prices by two workers, not held; against one",
    promised: "no slower: at least 1",
  };
  const held = {
    share: { limitCores: 0.25 },
    // 34 pieces, and four parts of the audit: fewer could not be shared evenly. And a start takes two seconds then.
    rows: 4 * ROWS,
    what: "20 million by two workers, each held to a quarter core with its database sessions; against one such",
    promised: "at least 1.8",
  };
  return withFolder(async (folder) => {
    const lines: Line[] = [];
    for (const { share, rows, what, promised } of (await canOpenControlGroups()) ? [free, held] : [free]) {
      const file = await writeFileOf(folder, { ...MONTH, rows });
      const seconds: { 1: number[]; 2: number[] } = { 1: [], 2: [] };
      for (let round = 0; round < ROUNDS; round += 1) {
        for (const workers of round % 2 === 0 ? ([1, 2] as const) : ([2, 1] as const)) {
          const url = await server.createDatabase("workers");
          seconds[workers].push(await timeWorkers(url, file, workers, share));
          await server.dropDatabase("workers");
        }
      }
      const speedups = seconds[1].map((one, round) => one / (seconds[2][round] as number));
      lines.push({
        what,
        ours: perSecond(rows / median(seconds[2])),
        peer: perSecond(rows / median(seconds[1])),
        ratio: median(speedups).toFixed(2),
        promised,
      });
    }
    return lines;
  });
}

/**
 * p99 of readers while a batch is loaded beside them, against their p99 at rest. The server and its database sessions
 * have the weights that their containers have in production, where the sessions of an ingest run on another machine
 * than those of readers: here they share the ingest's weight, and once that of the readers' database.
 */
export async function benchReaders(server: BenchServer): Promise<Line[]> {
  if (!(await canOpenControlGroups())) return [];
  return withFolder(async (folder) => {
    // Takes longer than readers are measured.
    const file = await writeFileOf(folder, { ...MONTH, rows: 20_000_000 });
    const url = await server.createDatabase("readers");
    await loadPrices(url, "readers.csv", { ...YEAR, rows: 1_000_000 });
    await settle(url);
    const requests = await readRequests();
    const api = await openControlGroup("api", { requestCores: requests.api });
    const database = await openControlGroup("database", { requestCores: requests.database });
    const serving = await startRatesapp({ DATABASE_URL: withApplicationName(url, "readers") });
    await api.add(serving.pid);
    const endSessions = await database.addSessions(url, "readers");
    let asked = 0;
    const readersP99Ms = async () => {
      const { p99Ms } = await applyLoad({
        kind: "latency",
        url: serving.url,
        paths: mixed(asked++),
        connections: 2,
        durationSeconds: 8,
      });
      return p99Ms;
    };
    const held = "an ingest held to half a core with its database sessions";
    const lines: Line[] = [];
    try {
      await readersP99Ms();
      for (const { share, what, promised } of [
        { share: { limitCores: 0.5, requestCores: requests.ingest }, what: held, promised: "at most 2" },
        {
          share: { limitCores: 0.5, requestCores: requests.database },
          what: `${held}, as heavy as the readers' database`,
          promised: "",
        },
        { share: { requestCores: requests.ingest }, what: "an ingest that is not held", promised: "" },
      ]) {
        const p99 = { rest: [] as number[], busy: [] as number[] };
        for (let round = 0; round < READERS_ROUNDS; round += 1) {
          await settle(url);
          p99.rest.push(await readersP99Ms());
          const ingest = await startIngest(url, file, share, randomUUID());
          await sleep(1_000);
          p99.busy.push(await readersP99Ms());
          await ingest.stop();
        }
        lines.push({
          what: `p99 of readers beside ${what}; against at rest`,
          ours: milliseconds(median(p99.busy)),
          peer: milliseconds(median(p99.rest)),
          ratio: median(p99.busy.map((busy, round) => busy / (p99.rest[round] as number))).toFixed(2),
          promised,
        });
      }
    } finally {
      await serving.stop();
      await endSessions();
      await Promise.all([api.release(), database.release()]);
    }
    return lines;
  });
}

/** What the containers of production ask of their nodes. */
async function readRequests(): Promise<{ api: number; database: number; ingest: number }> {
  const { api, database } = environments.prod;
  const values = load(await readFile(new URL("../charts/ratesapp/values.yaml", import.meta.url), "utf8")) as {
    ingest: { resources: { requests: { cpu: string } } };
  };
  const cores = (cpu: unknown) => millicores(String(cpu)) / 1_000;
  return {
    api: cores(api?.resources?.requests?.cpu),
    database: cores(database?.cpu),
    ingest: cores(values.ingest.resources.requests.cpu),
  };
}

/**
 * One batch of 100 million prices: the worker's memory, and whether it slows down on the way. Beside it what `\copy` of
 * the same file does, in turn: the disk of a machine is fastest before it is asked for much.
 */
export async function benchHuge(server: BenchServer): Promise<Line[]> {
  return withFolder(async (folder) => {
    const rows = 100_000_000;
    const file = await writeFileOf(folder, { ...YEAR, rows });
    const seconds: number[] = [];
    const peakBytes: number[] = [];
    const slowdown = { ours: [] as number[], copy: [] as number[] };
    for (const side of ["copy", "ours", "ours", "copy"] as const) {
      const url = await server.createDatabase("huge", { empty: side === "copy" });
      if (side === "copy") {
        slowdown.copy.push(await withPool(url, (pool) => copyTenths(url, file, rows, pool)));
      } else {
        const worker = await startIngest(url, file);
        const watch = setInterval(() => {
          peakMemory(worker.pid).then(
            (bytes) => peakBytes.push(bytes),
            () => {},
          );
        }, 500);
        seconds.push(await timed(() => worker.end()));
        clearInterval(watch);
        slowdown.ours.push(await withPool(url, pieceTenths));
      }
      await server.dropDatabase("huge");
    }
    const [ours, copy] = [median(slowdown.ours), median(slowdown.copy)];
    return [
      {
        what: "100 million prices in one batch: rows loaded per second in the last tenth; against the first",
        ours: "",
        peer: "",
        ratio: ours.toFixed(2),
        promised: "at least 0.9",
      },
      {
        what: "the same of `\\copy` into a bare table",
        ours: "",
        peer: "",
        ratio: copy.toFixed(2),
        promised: "",
      },
      {
        what: "the same, from file to published",
        ours: perSecond(rows / median(seconds)),
        peer: "",
        ratio: "",
        promised: "",
      },
      {
        what: "memory of its worker, at its highest",
        ours: `${(Math.max(...peakBytes) / 1024 ** 2).toFixed(0)} MiB`,
        peer: "",
        ratio: "",
        promised: "under 200 MiB",
      },
    ];
  });
}

/** Rows per second of the last tenth of the pieces, as a part of those of the first, by when they were loaded. */
async function pieceTenths(pool: pg.Pool): Promise<number> {
  const { rows } = await pool.query<{ rows: number; at: number; began: number }>(
    `SELECT rows::float8 AS rows, extract(epoch FROM loaded_at)::float8 AS at, extract(epoch FROM started_at)::float8 AS began
     FROM pieces ORDER BY loaded_at`,
  );
  const tenth = Math.floor(rows.length / 10);
  const speed = (part: typeof rows, beganAt: number) =>
    part.reduce((sum, piece) => sum + piece.rows, 0) / ((part.at(-1)?.at ?? 0) - beganAt);
  const last = speed(rows.slice(-tenth), rows.at(-tenth - 1)?.at ?? 0);
  return last / speed(rows.slice(0, tenth), rows[0]?.began ?? 0);
}

/** The same of psql's `\copy` into a bare table, by what it says of its progress. */
async function copyTenths(url: string, file: string, lines: number, pool: pg.Pool): Promise<number> {
  const reach = async (wanted: number) => {
    for (;;) {
      const { rows } = await pool.query<{ lines: string }>(
        "SELECT tuples_processed AS lines FROM pg_stat_progress_copy",
      );
      if (Number(rows[0]?.lines) >= wanted) return performance.now();
      await sleep(50);
    }
  };
  const began = performance.now();
  const copied = timeCopy(url, "bare", file);
  const first = await reach(lines / 10);
  const ninth = await reach((lines * 9) / 10);
  await copied;
  return (first - began) / (performance.now() - ninth);
}

function timeWorkers(url: string, file: string, workers: number, share: Share | null): Promise<number> {
  return timed(async () => {
    const started = await Promise.all(Array.from({ length: workers }, () => startIngest(url, file, share)));
    await Promise.all(started.map((ingest) => ingest.end()));
  });
}

/** Seconds of psql's \copy into a table of the file's own columns. */
async function timeCopy(url: string, table: "bare" | "indexed", file: string): Promise<number> {
  await withPool(url, async (pool) => {
    await pool.query(`CREATE TABLE ${table} (orig_code text, dest_code text, day date, price integer)`);
    if (table === "indexed") {
      await pool.query(`CREATE INDEX ON ${table} (orig_code, dest_code, day) INCLUDE (price)`);
    }
  });
  return timed(async () => {
    await promisify(execFile)("psql", ["--quiet", url, "-c", `\\copy ${table} FROM '${file}' CSV HEADER`]);
  });
}

async function timed(work: () => Promise<unknown>): Promise<number> {
  const start = performance.now();
  await work();
  return (performance.now() - start) / 1_000;
}

async function writeFileOf(folder: string, lines: PriceLines): Promise<string> {
  const file = join(folder, `prices-${lines.rows}-${lines.days}.csv`);
  await pipeline(Readable.from(priceLines(lines)), createWriteStream(file));
  return file;
}
