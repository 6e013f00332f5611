import { type ChildProcess, execFile, spawn } from "node:child_process";
import { once } from "node:events";
import { createWriteStream } from "node:fs";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { type BenchServer, loadPrices, settle, withPool } from "./bench-database.js";
import { median } from "./compare.js";
import { type Hold, hold } from "./held.js";
import { type PriceLines, priceLines } from "./price-source.js";
import { type Line, milliseconds, perSecond } from "./report.js";
import { mixed } from "./serving.js";
import { applyLoad, startRatesapp } from "./started.js";

const MAIN = fileURLToPath(new URL("../dist/main.js", import.meta.url));
const ROWS = 5_000_000;
/** 2.3 prices a cell (origin, destination, day) over a year; the public data set that the tests know has 2.6. */
const YEAR: PriceLines = { rows: ROWS, firstDay: "2025-01-01", days: 365, seed: 1 };
/** 26 prices a cell: the same number within a month. */
const MONTH: PriceLines = { ...YEAR, days: 31 };
const ROUNDS = 3;

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
        const copyUrl = await server.createDatabase(`copy_${shape.days}_${round}`, { empty: true });
        const ourUrl = await server.createDatabase(`ours_${shape.days}_${round}`);
        seconds.bare.push(await timeCopy(copyUrl, "bare", file));
        seconds.ours.push(await timed(() => ended(startIngest(ourUrl, file))));
        seconds.indexed.push(await timeCopy(copyUrl, "indexed", file));
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

/** Two workers against one, free and each held to a quarter of a core. */
export async function benchWorkers(server: BenchServer): Promise<Line[]> {
  return withFolder(async (folder) => {
    const lines: Line[] = [];
    for (const { held, rows, promised } of [
      { held: false, rows: 4 * ROWS, promised: "no slower: at least 1" },
      // So many that starting, which takes a held process a second, does not count.
      { held: true, rows: 2 * ROWS, promised: "at least 1.8" },
    ]) {
      const file = await writeFileOf(folder, { ...MONTH, rows });
      const seconds: { 1: number[]; 2: number[] } = { 1: [], 2: [] };
      for (let round = 0; round < ROUNDS; round += 1) {
        for (const workers of [1, 2] as const) {
          const url = await server.createDatabase(`workers_${held ? "held" : "free"}_${workers}_${round}`);
          const taken = await timeWorkers(url, file, workers, held);
          if (taken === null)
            return [
              ...lines,
              { what: "held workers", ours: "not measured: needs control groups", peer: "", ratio: "", promised },
            ];
          seconds[workers].push(taken);
        }
      }
      const speedups = seconds[1].map((one, round) => one / (seconds[2][round] as number));
      lines.push({
        what: held
          ? "two workers, each held to a quarter core; against one such"
          : "two workers, not held; against one",
        ours: perSecond(rows / median(seconds[2])),
        peer: perSecond(rows / median(seconds[1])),
        ratio: median(speedups).toFixed(2),
        promised,
      });
    }
    return lines;
  });
}

/** p99 of readers while a batch is loaded beside them, against their p99 at rest. */
export async function benchReaders(server: BenchServer): Promise<Line[]> {
  return withFolder(async (folder) => {
    // Takes longer than readers are measured.
    const file = await writeFileOf(folder, { ...MONTH, rows: 20_000_000 });
    const url = await server.createDatabase("readers");
    await loadPrices(url, "readers.csv", { ...YEAR, rows: 1_000_000 });
    await settle(url);
    const serving = await startRatesapp({ DATABASE_URL: url });
    let asked = 0;
    const readersP99Ms = async () => {
      const paths = mixed(asked++);
      const load = { kind: "latency", url: serving.url, paths, connections: 2, durationSeconds: 8 } as const;
      return (await applyLoad(load)).p99Ms;
    };
    const lines: Line[] = [];
    await readersP99Ms();
    for (const cores of [0.5, null]) {
      const p99 = { rest: [] as number[], busy: [] as number[] };
      for (let round = 0; round < ROUNDS; round += 1) {
        p99.rest.push(await readersP99Ms());
        const worker = startIngest(url, file, `readers-${cores}-${round}`);
        const held = cores === null ? null : await hold(`readers-${round}`, cores);
        await held?.add(worker.pid as number);
        const holding = setInterval(() => held && void holdSessions(url, held), 500);
        await new Promise((resolve) => setTimeout(resolve, 1_000));
        p99.busy.push(await readersP99Ms());
        clearInterval(holding);
        worker.kill("SIGTERM");
        await once(worker, "exit");
        await held?.release();
      }
      lines.push({
        what: `p99 of readers beside an ingest ${cores === null ? "that is not held" : "held to half a core"}; against at rest`,
        ours: milliseconds(median(p99.busy)),
        peer: milliseconds(median(p99.rest)),
        ratio: median(p99.busy.map((busy, round) => busy / (p99.rest[round] as number))).toFixed(2),
        promised: cores === null ? "" : "at most 2",
      });
    }
    await serving.stop();
    return lines;
  });
}

/** An ingest is its worker and the database sessions that work for it. */
async function holdSessions(url: string, held: Hold): Promise<void> {
  const { rows } = await withPool(url, (pool) =>
    pool.query<{ pid: number }>("SELECT pid FROM pg_stat_activity WHERE application_name = 'ratesapp ingest run'"),
  );
  // One may have ended since.
  for (const { pid } of rows) await held.add(pid).catch(() => {});
}

/** One batch of 100 million prices: the worker's memory, and whether it slows down on the way. */
export async function benchHuge(server: BenchServer): Promise<Line[]> {
  return withFolder(async (folder) => {
    const rows = 100_000_000;
    const file = await writeFileOf(folder, { ...YEAR, rows });
    const url = await server.createDatabase("huge");
    const worker = startIngest(url, file);
    let peakBytes = 0;
    const watch = setInterval(() => {
      readFile(`/proc/${worker.pid}/status`, "utf8").then(
        (status) => {
          peakBytes = Math.max(peakBytes, Number(/VmHWM:\s+(\d+) kB/.exec(status)?.[1]) * 1024);
        },
        () => {},
      );
    }, 500);
    const seconds = await timed(() => ended(worker));
    clearInterval(watch);
    const { first, last } = await withPool(url, tenths);
    return [
      {
        what: "100 million prices in one batch: rows loaded per second in its last tenth; against its first",
        ours: perSecond(last),
        peer: perSecond(first),
        ratio: (last / first).toFixed(2),
        promised: "at least 0.9",
      },
      { what: "the same, from file to published", ours: perSecond(rows / seconds), peer: "", ratio: "", promised: "" },
      {
        what: "memory of its worker, at its highest",
        ours: `${(peakBytes / 1024 ** 2).toFixed(0)} MiB`,
        peer: "",
        ratio: "",
        promised: "under 200 MiB",
      },
    ];
  });
}

/** Rows per second of the first and the last tenth of the pieces, by when they were loaded. */
async function tenths(pool: { query(sql: string): Promise<{ rows: { rows: number; at: number; began: number }[] }> }) {
  const { rows } = await pool.query(
    `SELECT rows::float8 AS rows, extract(epoch FROM loaded_at)::float8 AS at, extract(epoch FROM started_at)::float8 AS began
     FROM pieces ORDER BY loaded_at`,
  );
  const tenth = Math.floor(rows.length / 10);
  const speed = (part: typeof rows, beganAt: number) =>
    part.reduce((sum, piece) => sum + piece.rows, 0) / ((part.at(-1)?.at ?? 0) - beganAt);
  return {
    first: speed(rows.slice(0, tenth), rows[0]?.began ?? 0),
    last: speed(rows.slice(-tenth), rows.at(-tenth - 1)?.at ?? 0),
  };
}

async function timeWorkers(url: string, file: string, workers: number, held: boolean): Promise<number | null> {
  const holds: Hold[] = [];
  if (held) {
    for (let index = 0; index < workers; index += 1) {
      const made = await hold(`worker-${index}`, 0.25);
      if (made === null) return null;
      holds.push(made);
    }
  }
  const seconds = await timed(async () => {
    const running = Array.from({ length: workers }, () => startIngest(url, file));
    await Promise.all(running.map((worker, index) => holds[index]?.add(worker.pid as number)));
    await Promise.all(running.map(ended));
  });
  for (const made of holds) await made.release();
  return seconds;
}

function startIngest(url: string, file: string, feed = "bench"): ChildProcess {
  return spawn(process.execPath, [MAIN, "ingest", "run", "--feed", feed, "--source", file], {
    env: { ...process.env, DATABASE_URL: url, LOG_LEVEL: "warn" },
    stdio: ["ignore", "ignore", "inherit"],
  });
}

async function ended(worker: ChildProcess): Promise<void> {
  const [code] = await once(worker, "exit");
  if (code !== 0) throw new Error(`ratesapp ingest run ended with ${code}`);
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

async function withFolder<T>(work: (folder: string) => Promise<T>): Promise<T> {
  const folder = await mkdtemp(join(tmpdir(), "ratesapp-bench-files-"));
  try {
    return await work(folder);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}
