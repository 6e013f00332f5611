import { spawn } from "node:child_process";

/** A user of the operating system, by number. */
export interface SystemUser {
  readonly uid: number;
  readonly gid: number;
}

export interface RunOptions {
  readonly cwd?: string;
  /** Run as this user. Only root can do this. */
  readonly user?: SystemUser | undefined;
}

/** How a program ended. `code` is null if a signal ended it. */
export interface RunResult {
  readonly code: number | null;
  /** stdout and stderr together, in the order in which they came. */
  readonly output: string;
}

/**
 * Runs a command to its end.
 * @throws the error of the operating system (ENOENT, EACCES) if it cannot be started.
 */
export function run(command: string, args: readonly string[], options: RunOptions = {}): Promise<RunResult> {
  return new Promise((resolve, reject) => {
    const child = spawn(command, args, {
      stdio: ["ignore", "pipe", "pipe"],
      // The program gets its own session: Ctrl-C in a terminal is for ratesapp only, which then stops the server
      // itself.
      detached: true,
      env: plainEnvironment(),
      ...(options.cwd === undefined ? {} : { cwd: options.cwd }),
      ...options.user,
    });
    let output = "";
    for (const stream of [child.stdout, child.stderr]) {
      stream.setEncoding("utf8").on("data", (text: string) => {
        output += text;
      });
    }
    child.on("error", reject);
    child.on("close", (code) => resolve({ code, output }));
  });
}

/**
 * The environment without settings of the caller. PGDATA, PGPORT and PGOPTIONS would lead to another server, and a
 * locale would translate the server's messages.
 */
function plainEnvironment(): NodeJS.ProcessEnv {
  const kept = Object.entries(process.env).filter(([name]) => !/^(PG|LC_|LANG)/.test(name));
  return { ...Object.fromEntries(kept), LC_ALL: "C" };
}
