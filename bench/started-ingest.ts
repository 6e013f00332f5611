import { spawn } from "node:child_process";
import { randomUUID } from "node:crypto";
import { once } from "node:events";
import { fileURLToPath } from "node:url";
import { openControlGroup, type Share } from "./control-group.js";
import { IMAGE_OPTIONS } from "./image-options.js";
import { endWithBench, withApplicationName } from "./started.js";

const MAIN = fileURLToPath(new URL("../dist/main.js", import.meta.url));

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
 * @param share of the worker and the database sessions that work for it, together; null for all there is.
 */
export async function startIngest(
  url: string,
  file: string,
  share: Share | null = null,
  feed = "bench",
): Promise<Ingest> {
  const name = randomUUID();
  const group = share && (await openControlGroup(name, share));
  const worker = spawn(process.execPath, [MAIN, "ingest", "run", "--feed", feed, "--source", file], {
    env: { ...process.env, ...IMAGE_OPTIONS, DATABASE_URL: withApplicationName(url, name), LOG_LEVEL: "warn" },
    stdio: ["ignore", "ignore", "inherit"],
  });
  endWithBench(worker);
  const exit = once(worker, "exit") as Promise<[number | null]>;
  await group?.add(worker.pid as number);
  const endSessions = await group?.addSessions(url, name);
  const over = exit.then(async ([code]) => {
    try {
      await endSessions?.();
    } finally {
      await group?.release();
    }
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
