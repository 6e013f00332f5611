import { randomBytes } from "node:crypto";
import { chmod, chown, mkdir, mkdtemp, open, readdir, readFile, rename, rm, stat, writeFile } from "node:fs/promises";
import { createServer } from "node:net";
import { platform, tmpdir } from "node:os";
import { basename, dirname, join } from "node:path";
import { systemReason } from "../../system-reason.js";
import { type Binaries, findBinaries } from "./binaries.js";
import { EmbeddedPostgresError } from "./embedded-postgres-error.js";
import { readLastPort } from "./postmaster.js";
import { type RunResult, run, type SystemUser } from "./run.js";
import { postgresqlConf, type ServerSettings } from "./server-settings.js";
import { findServerUser } from "./server-user.js";

const MAJOR_VERSION = "17";
const USER_NAME = "ratesapp";
const PASSWORD_FILE = "ratesapp.password";
/** Marks the name of an unfinished folder. The pid of the process that makes the folder follows. */
const PARTIAL = ".new-";
const LOG_FILE = "server.log";
const START_TIMEOUT_SECONDS = 60;
/** A port is free when it is chosen, but another process may take it a moment later. */
const PORT_ATTEMPTS = 5;

/** The files of one local Postgres. It can create and start the server. */
export class LocalPostgres {
  readonly directory: string;
  readonly #settings: ServerSettings;

  constructor(directory: string, settings: ServerSettings) {
    this.directory = directory;
    this.#settings = settings;
  }

  /**
   * Address of the server on this port. It contains the password, so do not log it.
   * @throws {EmbeddedPostgresError} if the password cannot be read.
   */
  async url(port: number): Promise<string> {
    const password = await readFile(join(this.directory, PASSWORD_FILE), "utf8").catch((error) => {
      throw this.#unreadable(error);
    });
    return `postgres://${USER_NAME}:${password}@127.0.0.1:${port}/postgres`;
  }

  /** True if the data exist, whether or not a server runs on them. */
  async exists(): Promise<boolean> {
    const found = await stat(this.directory).catch(() => undefined);
    return found !== undefined;
  }

  /**
   * Makes the data of an empty database. They appear complete or not at all. If two processes do this at the same time,
   * one of them succeeds and both use its data.
   */
  async create(): Promise<void> {
    const partial = `${this.directory}${PARTIAL}${process.pid}`;
    const user = await findServerUser(this.directory);
    const binaries = await findBinaries(user);
    const password = randomBytes(24).toString("base64url");
    const secrets = await mkdtemp(join(tmpdir(), "ratesapp-"));
    try {
      await this.#removeLeftovers();
      await this.#makeFolder(partial);
      const passwordFile = join(secrets, "password");
      await writeFile(passwordFile, password, { mode: 0o600 });
      for (const path of [partial, secrets, passwordFile]) await give(path, user);
      const { code, output } = await run(
        binaries.initdb,
        [
          `--pgdata=${pathAsSeenByServer(partial, user)}`,
          `--username=${USER_NAME}`,
          `--pwfile=${passwordFile}`,
          "--auth=scram-sha-256",
          "--encoding=UTF8",
          "--locale-provider=builtin",
          "--locale=C.UTF-8",
          "--no-instructions",
          ...(this.#settings.fsync === "off" ? ["--no-sync"] : []),
        ],
        { cwd: partial, user },
      );
      if (code !== 0) throw this.#cannotStart(output);
      await this.#writeOwned(partial, PASSWORD_FILE, password, user);
      await rename(partial, this.directory).catch((error: NodeJS.ErrnoException) => {
        if (error.code !== "ENOTEMPTY" && error.code !== "EEXIST" && error.code !== "EPERM") throw error;
      });
    } finally {
      await rm(secrets, { recursive: true, force: true });
      await rm(partial, { recursive: true, force: true }).catch(() => {});
    }
  }

  /**
   * Starts the server and waits until it accepts connections, after recovery if it was killed. pg_ctl gives the server
   * its own session, so that Ctrl-C in a terminal does not reach it. The server uses its last port if that is free, so
   * that processes that used it before a crash find it again.
   * @returns false if another process has started it first.
   */
  async start(): Promise<boolean> {
    const user = await findServerUser(this.directory);
    const binaries = await findBinaries(user);
    await this.#checkVersion();
    await this.#writeOwned(this.directory, "postgresql.conf", postgresqlConf(this.#settings), user);
    for (let attempt = 1; ; attempt += 1) {
      const logStart = await this.#logSize();
      const kept = attempt === 1 ? await readLastPort(this.directory) : undefined;
      const { code, output } = await this.#pgCtlStart(binaries, user, kept ?? (await freePort()));
      if (code === 0) return true;
      const log = await this.#logSince(logStart);
      // Another process is starting it, or the processes of a killed server are just ending.
      if (/lock file .* already exists|pre-existing shared memory block/.test(log)) return false;
      if (!/could not bind|could not create any TCP\/IP sockets/.test(log) || attempt === PORT_ATTEMPTS) {
        throw this.#cannotStart(log || output);
      }
    }
  }

  #pgCtlStart(binaries: Binaries, user: SystemUser | undefined, port: number): Promise<RunResult> {
    const data = pathAsSeenByServer(this.directory, user);
    const args = ["start", "-D", data, "-l", LOG_FILE, "-o", `-p ${port}`, "-w", "-t", String(START_TIMEOUT_SECONDS)];
    return run(binaries.pgCtl, args, { cwd: this.directory, user });
  }

  /** Removes unfinished folders that killed processes left behind. */
  async #removeLeftovers(): Promise<void> {
    const parent = dirname(this.directory);
    for (const name of await readdir(parent).catch(() => [])) {
      const [beginning, pid] = name.split(PARTIAL);
      if (beginning !== basename(this.directory) || pid === undefined) continue;
      if (Number(pid) === process.pid || !isRunning(Number(pid))) await rm(join(parent, name), { recursive: true });
    }
  }

  async #checkVersion(): Promise<void> {
    const version = await readFile(join(this.directory, "PG_VERSION"), "utf8").catch((error) => {
      throw this.#unreadable(error);
    });
    if (version.trim() !== MAJOR_VERSION) {
      throw new EmbeddedPostgresError(
        `${this.directory} holds data of PostgreSQL ${version.trim()}; the local one is ${MAJOR_VERSION}.`,
        "Move that folder away, or set DATA_DIRECTORY to another one.",
      );
    }
  }

  async #makeFolder(path: string): Promise<void> {
    try {
      await mkdir(dirname(path), { recursive: true });
      await mkdir(path, { mode: 0o700 });
    } catch (error) {
      throw new EmbeddedPostgresError(
        `The local Postgres cannot keep its data in ${this.directory}: ${systemReason(error)}.`,
        "Set DATA_DIRECTORY to a folder that can be written to, or set DATABASE_URL.",
        { cause: error },
      );
    }
  }

  /** Writes the file in one step, because another process may be starting on it. */
  async #writeOwned(folder: string, name: string, text: string, user: SystemUser | undefined): Promise<void> {
    const path = join(folder, name);
    const partial = `${path}.${process.pid}`;
    try {
      await writeFile(partial, text, { mode: 0o600 });
      await give(partial, user);
      await rename(partial, path);
    } catch (error) {
      throw this.#unreadable(error);
    }
  }

  async #logSize(): Promise<number> {
    const log = await stat(join(this.directory, LOG_FILE)).catch(() => undefined);
    return log?.size ?? 0;
  }

  async #logSince(start: number): Promise<string> {
    const log = await open(join(this.directory, LOG_FILE)).catch(() => undefined);
    if (log === undefined) return "";
    try {
      const { size } = await log.stat();
      const { buffer } = await log.read({ buffer: Buffer.alloc(Math.max(0, size - start)), position: start });
      return buffer.toString();
    } finally {
      await log.close();
    }
  }

  #cannotStart(output: string): EmbeddedPostgresError {
    return new EmbeddedPostgresError(
      `The local Postgres in ${this.directory} does not start:\n${output.trim()}`,
      `More may be in ${join(this.directory, LOG_FILE)}. Another database can be used by setting DATABASE_URL.`,
    );
  }

  #unreadable(error: unknown): EmbeddedPostgresError {
    return new EmbeddedPostgresError(
      `The data of the local Postgres in ${this.directory} cannot be used: ${systemReason(error)}.`,
      "Run ratesapp as the user who made them or as root, set DATA_DIRECTORY to another folder, or set DATABASE_URL.",
      { cause: error },
    );
  }
}

/**
 * The server's user may not have access to the folders above the data, as when root's checkout is in /root. The server
 * is started in its data directory. This name for the working directory does not need access to the folders above.
 */
function pathAsSeenByServer(path: string, user: SystemUser | undefined): string {
  return user !== undefined && platform() === "linux" ? "/proc/self/cwd" : path;
}

async function give(path: string, user: SystemUser | undefined): Promise<void> {
  if (user === undefined) return;
  await chown(path, user.uid, user.gid);
  await chmod(path, (await stat(path)).isDirectory() ? 0o700 : 0o600);
}

function isRunning(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === "EPERM";
  }
}

function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer();
    server.on("error", reject);
    server.listen(0, "127.0.0.1", () => {
      const address = server.address();
      server.close(() =>
        typeof address === "object" && address ? resolve(address.port) : reject(new Error("no port")),
      );
    });
  });
}
