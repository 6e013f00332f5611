import { rm } from "node:fs/promises";
import { join, resolve } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { Cluster } from "./embedded/cluster.js";
import { EmbeddedPostgresError } from "./embedded/embedded-postgres-error.js";
import { Membership } from "./embedded/membership.js";
import { isAlive, type Postmaster, readPostmaster } from "./embedded/postmaster.js";
import type { ServerSettings } from "./embedded/server-settings.js";
import { isTransient } from "./sqlstates.js";

export interface EmbeddedOptions {
  /** The data directory of ratesapp; Postgres keeps its files in `postgres` inside it. */
  readonly directory: string;
  /** Settings of Postgres on top of those for a laptop; they count only if this call starts the server. */
  readonly serverSettings?: ServerSettings;
}

export interface EmbeddedDatabase {
  /** Connects as superuser, over loopback, with the password that was made with the data. */
  readonly url: string;
  /** Leaves; the last user out stops the server and waits for that. Can be called again. */
  close(): Promise<void>;
}

const JOIN_TIMEOUT_MS = 60_000;
const STOP_TIMEOUT_MS = 60_000;
const POLL_MS = 20;

/**
 * A real PostgreSQL 17 from the development dependency `embedded-postgres`: started if it is not running, shared if
 * another process already runs it on the same directory, stopped by the last user (or half a second after that one
 * died).
 *
 * ```ts
 * const database = await openEmbedded({ directory: ".data" });
 * const pool = openPool({ url: database.url, … });
 * await database.close();
 * ```
 * @throws {EmbeddedPostgresError} with what to do, if it cannot run here.
 */
export async function openEmbedded(options: EmbeddedOptions): Promise<EmbeddedDatabase> {
  const cluster = new Cluster(join(resolve(options.directory), "postgres"), options.serverSettings ?? {});
  const deadlineMs = performance.now() + JOIN_TIMEOUT_MS;
  for (;;) {
    if (!(await cluster.exists())) await cluster.create();
    const joined =
      (await joinRunning(cluster)) ?? ((await startIfStopped(cluster)) ? await joinRunning(cluster) : undefined);
    if (joined !== undefined) return joined;
    if (performance.now() > deadlineMs) {
      throw new EmbeddedPostgresError(
        `The local Postgres in ${cluster.directory} neither answers nor ends.`,
        "End its processes, or set DATABASE_URL.",
      );
    }
    await sleep(POLL_MS);
  }
}

/** Undefined while there is no server to join: none runs, or it is starting or stopping. */
async function joinRunning(cluster: Cluster): Promise<EmbeddedDatabase | undefined> {
  const postmaster = await readPostmaster(cluster.directory);
  if (postmaster === undefined || !(await isAlive(postmaster, cluster.directory))) return undefined;
  const url = await cluster.url(postmaster.port);
  const membership = await Membership.join(url).catch((error: unknown) => {
    if (isTransient(error)) return undefined;
    throw error;
  });
  if (membership === undefined) return undefined;
  let closing: Promise<void> | undefined;
  const close = async () => {
    // Not the one that was joined: that may have crashed, and another user have started the next.
    const current = await readPostmaster(cluster.directory);
    if ((await membership.leave()) && current !== undefined) await waitUntilGone(cluster, current);
  };
  return {
    url,
    close: () => {
      closing ??= close();
      return closing;
    },
  };
}

/** The pid may be waited for even though another server may start on the data: that one has another. */
async function waitUntilGone(cluster: Cluster, postmaster: Postmaster): Promise<void> {
  const deadlineMs = performance.now() + STOP_TIMEOUT_MS;
  while (await isAlive(postmaster, cluster.directory)) {
    if (performance.now() > deadlineMs) {
      throw new EmbeddedPostgresError(
        `The local Postgres in ${cluster.directory} (process ${postmaster.pid}) does not stop.`,
        "End that process; nothing is lost by it.",
      );
    }
    await sleep(POLL_MS);
  }
}

/** @returns true if this call started the server. */
async function startIfStopped(cluster: Cluster): Promise<boolean> {
  const postmaster = await readPostmaster(cluster.directory);
  if (postmaster !== undefined) {
    if (await isAlive(postmaster, cluster.directory)) return false;
    await rm(join(cluster.directory, "postmaster.pid"), { force: true });
  }
  return cluster.start();
}
