import { execFile } from "node:child_process";
import { chown, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { promisify } from "node:util";
import pg from "pg";
import { findBinaries } from "../../../app/database/embedded/binaries.js";
import { LocalPostgres } from "../../../app/database/embedded/local-postgres.js";
import { readPostmaster } from "../../../app/database/embedded/postmaster.js";
import { run } from "../../../app/database/embedded/run.js";
import { findServerUser } from "../../../app/database/embedded/server-user.js";

const SETTINGS = { fsync: "off", wal_level: "replica", max_wal_senders: "10", shared_buffers: "64MB" };

/**
 * Two real servers: a primary and a synchronous standby. The primary commits nothing without an answer of the standby.
 */
export class PostgresPair {
  readonly #folder: string;
  #primaryUrl = "";
  #standbyUrl = "";

  private constructor(folder: string) {
    this.#folder = folder;
  }

  /** Prepares the pair. No server runs yet. {@link stop} ends everything that {@link start} began. */
  static async create(): Promise<PostgresPair> {
    return new PostgresPair(await mkdtemp(join(tmpdir(), "ratesapp-pair-")));
  }

  get primaryUrl(): string {
    return this.#primaryUrl;
  }

  get standbyUrl(): string {
    return this.#standbyUrl;
  }

  async start(): Promise<void> {
    const primary = join(this.#folder, "primary");
    const standby = join(this.#folder, "standby");
    const first = new LocalPostgres(primary, { ...SETTINGS, synchronous_standby_names: "*" });
    await first.create();
    // A copy of a server that is not running is consistent.
    await promisify(execFile)("cp", ["-a", primary, standby]);
    await writeFile(join(standby, "standby.signal"), "");
    const user = await findServerUser(standby);
    if (user) await chown(join(standby, "standby.signal"), user.uid, user.gid);

    await first.start();
    this.#primaryUrl = await first.url(await portOf(primary));
    const { hostname, port, username, password } = new URL(this.#primaryUrl);
    const second = new LocalPostgres(standby, {
      ...SETTINGS,
      primary_conninfo: `host=${hostname} port=${port} user=${username} password=${password}`,
    });
    await second.start();
    this.#standbyUrl = await second.url(await portOf(standby));
    const inSync = "SELECT EXISTS (SELECT FROM pg_stat_replication WHERE sync_state = 'sync') AS done";
    await untilTrue(this.#primaryUrl, inSync);
  }

  /** Kills the primary as if its machine lost power: it flushes nothing, and clients hear nothing. */
  async killPrimary(): Promise<void> {
    const { pid } = await postmasterOf(join(this.#folder, "primary"));
    const children = await readFile(`/proc/${pid}/task/${pid}/children`, "utf8").catch(() => "");
    for (const each of [pid, ...children.split(" ").filter(Boolean).map(Number)]) process.kill(each, "SIGKILL");
  }

  promote(): Promise<void> {
    return this.#control("standby", ["promote", "-w"]);
  }

  async stop(): Promise<void> {
    for (const name of ["standby", "primary"]) await this.#control(name, ["stop", "-m", "immediate"]).catch(() => {});
    await rm(this.#folder, { recursive: true, force: true });
  }

  async #control(name: string, args: readonly string[]): Promise<void> {
    const directory = join(this.#folder, name);
    const user = await findServerUser(directory);
    const { pgCtl } = await findBinaries(user);
    const { code, output } = await run(pgCtl, [...args, "-D", "."], { cwd: directory, user });
    if (code !== 0) throw new Error(`pg_ctl ${args.join(" ")}: ${output}`);
  }
}

async function postmasterOf(directory: string) {
  const found = await readPostmaster(directory);
  if (found === undefined) throw new Error(`No server runs in ${directory}.`);
  return found;
}

async function portOf(directory: string): Promise<number> {
  return (await postmasterOf(directory)).port;
}

async function untilTrue(url: string, query: string): Promise<void> {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  try {
    while (!(await client.query<{ done: boolean }>(query)).rows[0]?.done) await sleep(50);
  } finally {
    await client.end();
  }
}
