import { spawn } from "node:child_process";

/** What a command that failed wrote. */
export class CommandError extends Error {
  readonly code: number | null;
  readonly output: string;

  constructor(command: string, code: number | null, output: string) {
    super(`${command} ended with ${code}:\n${output.slice(-6000)}`);
    this.name = "CommandError";
    this.code = code;
    this.output = output;
  }
}

export interface CommandOptions {
  readonly cwd?: string;
  readonly env?: Readonly<Record<string, string>>;
  readonly input?: string;
  readonly timeoutMs?: number;
}

/**
 * Runs a command and returns what it wrote to stdout.
 * @throws {CommandError} with all that it wrote.
 */
export function run(command: string, args: readonly string[], options: CommandOptions = {}): Promise<string> {
  return new Promise((resolve, reject) => {
    const child = spawn(command, args, {
      cwd: options.cwd,
      env: { ...process.env, ...options.env },
      timeout: options.timeoutMs ?? 600_000,
    });
    let stdout = "";
    let all = "";
    child.stdout.on("data", (data: Buffer) => {
      stdout += data;
      all += data;
    });
    child.stderr.on("data", (data: Buffer) => {
      all += data;
    });
    child.on("error", reject);
    child.on("close", (code) => {
      if (code === 0) resolve(stdout);
      else reject(new CommandError([command, ...args].join(" "), code, all));
    });
    child.stdin.end(options.input ?? "");
  });
}
