import { spawn } from "node:child_process";
import { randomUUID } from "node:crypto";
import { once } from "node:events";
import { fileURLToPath } from "node:url";
import pg from "pg";
import { type Hold, hold } from "./held.js";
import { IMAGE_OPTIONS } from "./image-options.js";
import { endWithBench } from "./started.js";

const MAIN = fileURLToPath(new URL("../dist/main.js", import.meta.url));
/** How often sessions are looked for that the worker has opened since. */
const LOOK_MS = 250;

/** A worker that runs. */
export interface Ingest {
  readonly pid: number;
  /** Waits for its end. @throws if it fails. */
  end(): Promise<void>;
  /** @throws if it has ended by itself: then nothing ran beside what was measured. */
  stop(): Promise<void>;
}

/**
 * Starts `ratesapp ingest run` with a file.
 * @param cores what the worker and the database sessions that work for it may take together; null for all there is.
 */
export async function startIngest(
  url: string,
  file: string,
  cores: number | null = null,
  feed = "bench",
): Promise<Ingest> {
  const name = randomUUID();
  const named = new URL(url);
  named.searchParams.set("application_name", name);
  const held = cores === null ? null : await hold(name, cores);
  const worker = spawn(process.execPath, [MAIN, "ingest", "run", "--feed", feed, "--source", file], {
    env: { ...process.env, ...IMAGE_OPTIONS, DATABASE_URL: named.href, LOG_LEVEL: "warn" },
    stdio: ["ignore", "ignore", "inherit"],
  });
  endWithBench(worker);
  const exit = once(worker, "exit") as Promise<[number | null]>;
  await held?.add(worker.pid as number);
  const endHolding = held && (await holdSessions(url, name, held));
  const over = exit.then(async ([code]) => {
    await endHolding?.();
    await held?.release();
    return code;
  });
  return {
    pid: worker.pid as number,
    async end() {
      const code = await over;
      if (code !== 0) throw new Error(`ratesapp ingest run ended with ${code}`);
    },
    async stop() {
      if (!worker.kill("SIGTERM")) throw new Error("ratesapp ingest run ended before it was stopped");
      await over;
    },
  };
}

/** @returns ends it. */
async function holdSessions(url: string, applicationName: string, held: Hold): Promise<() => Promise<void>> {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  const look = async () => {
    const { rows } = await client.query<{ pid: number }>(
      "SELECT pid FROM pg_stat_activity WHERE application_name = $1",
      [applicationName],
    );
    // One may have ended since.
    for (const { pid } of rows) await held.add(pid).catch(() => {});
  };
  let looking = Promise.resolve();
  const timer = setInterval(() => {
    looking = looking.then(look);
  }, LOOK_MS);
  return async () => {
    clearInterval(timer);
    await looking;
    await client.end();
  };
}
