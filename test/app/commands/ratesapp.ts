import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { fileURLToPath } from "node:url";

const MAIN = fileURLToPath(new URL("../../../dist/main.js", import.meta.url));

/** Variables of the machine that runs the tests must not decide how they end. */
const CLEAN = { PATH: process.env.PATH, HOME: process.env.HOME, TMPDIR: process.env.TMPDIR };

export interface Ended {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

export interface Running {
  readonly child: ChildProcess;
  /** Resolves with the line of stdout or stderr that matches; rejects if the command ends before. */
  line(pattern: RegExp): Promise<string>;
  readonly ended: Promise<Ended>;
}

/** Starts the built executable, as users do, in a process of its own; `npm test` builds what changed first. */
export function startRatesapp(args: readonly string[], environment: Record<string, string> = {}): Running {
  return start(process.execPath, [MAIN, ...args], environment);
}

/** The same for the program of another release. @param command runs its `ratesapp`, without arguments. */
export function startOther(
  [file = "", ...before]: readonly string[],
  args: readonly string[],
  environment: Record<string, string> = {},
): Running {
  return start(file, [...before, ...args], environment);
}

/** The same on a terminal, which is all of stdout here; by `script` of util-linux. */
export function startOnTerminal(args: readonly string[], environment: Record<string, string> = {}): Running {
  const command = [process.execPath, MAIN, ...args].map((word) => `'${word}'`).join(" ");
  return start("script", ["-qec", command, "/dev/null"], { TERM: "xterm", ...environment });
}

/** `npm start`, as the README has it. */
export function npmStart(environment: Record<string, string>): Running {
  return start("npm", ["start"], environment);
}

/** A line for bash, in which ratesapp is what was built; in this folder or another. */
export function runShell(line: string, environment: Record<string, string> = {}, cwd?: string): Promise<Ended> {
  const script = `ratesapp() { '${process.execPath}' '${MAIN}' "$@"; }\n${line}`;
  return start("bash", ["-c", script], environment, cwd).ended;
}

function start(file: string, args: readonly string[], environment: Record<string, string>, cwd?: string): Running {
  const child = spawn(file, args, {
    env: { ...CLEAN, ...environment },
    cwd,
    stdio: ["ignore", "pipe", "pipe"],
  });
  const output = { stdout: "", stderr: "" };
  for (const name of ["stdout", "stderr"] as const) {
    child[name].setEncoding("utf8").on("data", (text: string) => {
      output[name] += text;
    });
  }
  const ended = once(child, "close").then(([code]) => ({ code: code as number | null, ...output }));
  return {
    child,
    ended,
    line(pattern) {
      return new Promise((resolve, reject) => {
        const look = () => {
          const found = `${output.stdout}\n${output.stderr}`.split("\n").find((line) => pattern.test(line));
          if (found === undefined) return;
          for (const stream of streams) stream.off("data", look);
          resolve(found);
        };
        const streams = [child.stdout, child.stderr];
        for (const stream of streams) stream.on("data", look);
        look();
        void ended.then(() => {
          reject(new Error(`ended without a line like ${pattern}:\n${output.stdout}${output.stderr}`));
        });
      });
    },
  };
}

export function runRatesapp(args: readonly string[], environment: Record<string, string> = {}): Promise<Ended> {
  return startRatesapp(args, environment).ended;
}
