import { spawn } from "node:child_process";
import { closeSync, mkdtempSync, openSync, readFileSync, rmSync } from "node:fs";
import { hostname, tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { RELEASE } from "../released-images.js";
import { answer } from "../restore/programs.js";
import { say } from "../restore/say.js";
import { isAlive } from "./one-at-a-time.js";
import { ReleaseError } from "./release-error.js";

/** The images that an `up` makes run, as texts. */
export interface ImageTexts {
  readonly servers: string;
  readonly ingest: string;
}

/** The workloads, and the outputs of the stack, which say what runs. A release changes nothing else. */
const TARGETS = ["**ratesapp:workloads:Workloads**", "**pulumi:pulumi:Stack**"];
/** An `up` of another process may take this long. */
const LOCKED_MS = 900_000;
const LOCKED_EVERY_MS = 3000;
const LINES = 30;

/**
 * Runs `pulumi up` on the workloads. It goes on if this process is killed; the `up` of the next process waits for it.
 * @param cwd folder of Pulumi.yaml.
 * @throws {ReleaseError} with the end of what Pulumi wrote.
 */
export async function pulumiUp(stack: string, cwd: string, images: ImageTexts): Promise<void> {
  const targets = TARGETS.flatMap((target) => ["--target", target]);
  const args = ["up", "--non-interactive", "--stack", stack, "--yes", "--skip-preview", ...targets];
  const until = Date.now() + LOCKED_MS;
  for (let told = false; ; ) {
    const { code, output } = await run(args, cwd, { [RELEASE]: JSON.stringify(images) });
    if (code === 0) return;
    const lock = lockOf(output);
    if (!lock || Date.now() > until) throw new ReleaseError(`pulumi up failed:\n${lastLines(output)}`);
    if (lock.host === hostname() && !isAlive(lock.pid)) {
      say(`the pulumi that locked the stack (process ${lock.pid}) is gone; its lock is taken away`);
      await answer("pulumi", ["cancel", "--yes", "--non-interactive", "--stack", stack], cwd);
      continue;
    }
    if (!told) say(`another pulumi (process ${lock.pid} on ${lock.host}) is at work on the stack; waiting for its end`);
    told = true;
    await sleep(LOCKED_EVERY_MS);
  }
}

/** What locks the state of the stack, as a file or object store tells it. */
function lockOf(output: string): { host: string; pid: number } | undefined {
  if (!/currently locked by/.test(output)) return undefined;
  const [, host = "", pid] = /created by \S+@(\S+) \(pid (\d+)\)/.exec(output) ?? [];
  return { host, pid: Number(pid) };
}

/** Its output goes to a file, and it is in no group with this process: neither Ctrl-C nor a kill takes it along. */
async function run(
  args: readonly string[],
  cwd: string,
  env: Readonly<Record<string, string>>,
): Promise<{ code: number | null; output: string }> {
  const folder = mkdtempSync(join(tmpdir(), "ratesapp-release-"));
  const log = join(folder, "pulumi.log");
  const file = openSync(log, "w");
  const child = spawn("pulumi", args, {
    cwd,
    detached: true,
    env: { ...process.env, ...env },
    stdio: ["ignore", file, file],
  });
  closeSync(file);
  const code = await new Promise<number | null>((resolve, reject) => {
    child.on("error", ({ message }) =>
      reject(new ReleaseError(`pulumi did not start: ${message}; it must be installed`)),
    );
    child.on("close", resolve);
  });
  const output = readFileSync(log, "utf8");
  rmSync(folder, { recursive: true });
  return { code, output };
}

/** Each line that says how far Pulumi is hides the ones that say why it failed. */
const lastLines = (output: string): string =>
  output
    .replaceAll(/^@ updating.*\n/gm, "")
    .trim()
    .split("\n")
    .slice(-LINES)
    .join("\n");
