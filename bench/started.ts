import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { IMAGE_OPTIONS } from "./image-options.js";
import type { LoadOptions, LoadResult } from "./load.js";

/** A server under test in a process of its own. */
export interface Started {
  readonly url: string;
  readonly pid: number;
  stop(): Promise<void>;
}

const path = (file: string) => fileURLToPath(new URL(file, import.meta.url));

/** Starts a server of `bench/servers/`, which prints its URL as its first line. */
export async function startServer(name: string, environment: Record<string, string>): Promise<Started> {
  const child = spawn(process.execPath, ["--import", "tsx", path(`./servers/${name}.ts`)], {
    env: { ...process.env, ...IMAGE_OPTIONS, ...environment },
    stdio: ["ignore", "pipe", "inherit"],
  });
  endWithBench(child);
  const [url] = (await once(createInterface(child.stdout), "line")) as [string];
  return { url, pid: child.pid as number, stop: () => stop(child) };
}

/** Starts the built `ratesapp serve` on a free port, with nothing but the settings given. */
export async function startRatesapp(environment: Record<string, string>): Promise<Started> {
  const port = 20_000 + Math.floor(Math.random() * 20_000);
  const child = spawn(process.execPath, [path("../dist/main.js"), "serve"], {
    env: {
      ...process.env,
      ...IMAGE_OPTIONS,
      HOST: "127.0.0.1",
      PORT: String(port),
      ADMIN_PORT: "0",
      LOG_LEVEL: "warn",
      RATE_LIMIT_PER_SECOND: "0",
      ...environment,
    },
    stdio: ["ignore", "ignore", "inherit"],
  });
  endWithBench(child);
  const url = `http://127.0.0.1:${port}`;
  for (let attempt = 0; attempt < 100; attempt += 1) {
    const answered = await fetch(`${url}/regions`).then(
      (response) => response.ok,
      () => false,
    );
    if (answered) return { url, pid: child.pid as number, stop: () => stop(child) };
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
  throw new Error("ratesapp did not answer within 10 s; run `npm run build` first.");
}

/** Runs the load generator beside the servers. */
export async function applyLoad(options: LoadOptions): Promise<LoadResult> {
  const child = spawn(process.execPath, ["--import", "tsx", path("./load.ts")], { stdio: ["pipe", "pipe", "inherit"] });
  child.stdin.end(JSON.stringify(options));
  let output = "";
  child.stdout.on("data", (chunk: Buffer) => {
    output += chunk.toString();
  });
  await once(child, "close");
  const result = JSON.parse(output) as LoadResult;
  if (result.failed > 0) throw new Error(`${result.failed} requests to ${options.url} failed`);
  return result;
}

/** @returns the URL, by which sessions can be told from those of others. */
export function withApplicationName(url: string, name: string): string {
  const named = new URL(url);
  named.searchParams.set("application_name", name);
  return named.href;
}

/** A bench that fails must not leave its processes behind. */
export function endWithBench(child: ChildProcess): void {
  const kill = () => child.kill("SIGKILL");
  process.once("exit", kill);
  child.once("exit", () => process.off("exit", kill));
}

async function stop(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null) return;
  child.kill("SIGTERM");
  await once(child, "exit");
}
