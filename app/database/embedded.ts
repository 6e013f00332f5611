import { rm } from "node:fs/promises";
import { join, resolve } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { EmbeddedPostgresError } from "./embedded/embedded-postgres-error.js";
import { LocalPostgres } from "./embedded/local-postgres.js";
import { Membership } from "./embedded/membership.js";
import { isAlive, type Postmaster, readPostmaster } from "./embedded/postmaster.js";
import type { ServerSettings } from "./embedded/server-settings.js";
import { isTransient } from "./sqlstates.js";

/** Which local Postgres to use, and how to start it. */
export interface EmbeddedOptions {
  /** The data directory of ratesapp; Postgres keeps its files in `postgres` inside it. */
  readonly directory: string;
  /** Postgres settings in addition to the defaults for a laptop. They are used only if this call starts the server. */
  readonly serverSettings?: ServerSettings;
}

/** A local Postgres that runs while at least one process uses it. */
export interface EmbeddedDatabase {
  /** Address of a superuser over loopback, with the password that was made together with the data. */
  readonly url: string;
  /**
   * Ends this use of the server. The last process that uses the server also stops it, and waits until it has ended. May
   * be called again.
   */
  close(): Promise<void>;
}

const JOIN_TIMEOUT_MS = 60_000;
const STOP_TIMEOUT_MS = 60_000;
const POLL_MS = 20;

/**
 * Runs PostgreSQL 17 from the development dependency `embedded-postgres`. It starts the server if it is not running,
 * and shares it if another process runs it on the same directory. The last process that uses the server stops it. If
 * that process dies, the server stops half a second later.
 *
 * ```ts
 * const database = await openEmbedded({ directory: ".data" });
 * const pool = openPool({ url: database.url, … });
 * await database.close();
 * ```
 * @throws {EmbeddedPostgresError} that says what to do, if the server cannot run here.
 */
export async function openEmbedded(options: EmbeddedOptions): Promise<EmbeddedDatabase> {
  const postgres = new LocalPostgres(join(resolve(options.directory), "postgres"), options.serverSettings ?? {});
  const deadlineMs = performance.now() + JOIN_TIMEOUT_MS;
  for (;;) {
    if (!(await postgres.exists())) await postgres.create();
    const joined =
      (await joinRunning(postgres)) ?? ((await startIfStopped(postgres)) ? await joinRunning(postgres) : undefined);
    if (joined !== undefined) return joined;
    if (performance.now() > deadlineMs) {
      throw new EmbeddedPostgresError(
        `The local Postgres in ${postgres.directory} neither answers nor ends.`,
        "End its processes, or set DATABASE_URL.",
      );
    }
    await sleep(POLL_MS);
  }
}

/** Joins a running server. Undefined if there is none to join: no server runs, or it is starting or stopping. */
async function joinRunning(postgres: LocalPostgres): Promise<EmbeddedDatabase | undefined> {
  const postmaster = await readPostmaster(postgres.directory);
  if (postmaster === undefined || !(await isAlive(postmaster, postgres.directory))) return undefined;
  const url = await postgres.url(postmaster.port);
  const membership = await Membership.join(url).catch((error: unknown) => {
    if (isTransient(error)) return undefined;
    throw error;
  });
  if (membership === undefined) return undefined;
  let closing: Promise<void> | undefined;
  const close = async () => {
    // Read again, because the server that was joined may have crashed, and another process may have started a new one.
    const current = await readPostmaster(postgres.directory);
    if ((await membership.leave()) && current !== undefined) await waitUntilGone(postgres, current);
  };
  return {
    url,
    close: () => {
      closing ??= close();
      return closing;
    },
  };
}

/**
 * Waits for this process to end, and not for its data to be free: another process may start a server on them at once.
 */
async function waitUntilGone(postgres: LocalPostgres, postmaster: Postmaster): Promise<void> {
  const deadlineMs = performance.now() + STOP_TIMEOUT_MS;
  while (await isAlive(postmaster, postgres.directory)) {
    if (performance.now() > deadlineMs) {
      throw new EmbeddedPostgresError(
        `The local Postgres in ${postgres.directory} (process ${postmaster.pid}) does not stop.`,
        "End that process; nothing is lost by it.",
      );
    }
    await sleep(POLL_MS);
  }
}

/** @returns true if this call started the server. */
async function startIfStopped(postgres: LocalPostgres): Promise<boolean> {
  const postmaster = await readPostmaster(postgres.directory);
  if (postmaster !== undefined) {
    if (await isAlive(postmaster, postgres.directory)) return false;
    await rm(join(postgres.directory, "postmaster.pid"), { force: true });
  }
  return postgres.start();
}
