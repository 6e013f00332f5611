import { type ChildProcess, spawn } from "node:child_process";
import { RestoreError } from "./restore-error.js";

/** Thrown when a program failed; `output` is all that it wrote. */
export class ProgramError extends RestoreError {
  readonly output: string;

  constructor(program: string, args: readonly string[], output: string) {
    super(
      `this failed: ${program} ${args.slice(0, 6).join(" ")}\n${output.trim().split("\n").slice(-LINES).join("\n")}`,
    );
    this.name = "ProgramError";
    this.output = output;
  }
}

const LINES = 40;

/** A program under way. */
export interface Running {
  readonly child: ChildProcess;
  /** What it wrote to stdout. Rejects with a {@link ProgramError}. */
  readonly done: Promise<string>;
}

/** Starts a program of this machine, such as pulumi or kubectl. */
export function start(program: string, args: readonly string[], cwd?: string): Running {
  const child = spawn(program, args, { cwd, stdio: ["ignore", "pipe", "pipe"] });
  const done = new Promise<string>((resolve, reject) => {
    let stdout = "";
    let all = "";
    child.stdout.on("data", (data: Buffer) => {
      stdout += data;
      all += data;
    });
    child.stderr.on("data", (data: Buffer) => {
      all += data;
    });
    child.on("error", ({ message }) =>
      reject(new RestoreError(`${program} did not start: ${message}; it must be installed`)),
    );
    child.on("close", (code) => {
      if (code === 0) resolve(stdout);
      // Each line that says how far pulumi is hides the ones that say why it failed.
      else reject(new ProgramError(program, args, all.replaceAll(/^@ updating.*\n/gm, "")));
    });
  });
  return { child, done };
}

export const answer = (program: string, args: readonly string[], cwd?: string): Promise<string> =>
  start(program, args, cwd).done;
