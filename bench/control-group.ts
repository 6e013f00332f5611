import { mkdir, rmdir, stat, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { withPool } from "./bench-database.js";

/** What the processes of a control group get, in the terms of a container's `resources`. */
export interface Share {
  /** Time of processors that they may take at most: 0.25 is a quarter of one. */
  readonly limitCores?: number;
  /** A weight where there is less than all want: twice the request, twice the time. */
  readonly requestCores?: number;
}

export interface ControlGroup {
  add(pid: number): Promise<void>;
  /**
   * Adds the database sessions of this application, and from then on those that it opens.
   * @returns ends that.
   */
  addSessions(url: string, applicationName: string): Promise<() => Promise<void>>;
  release(): Promise<void>;
}

const ROOT = "/sys/fs/cgroup";
/** As the kubelet sets it. */
const PERIOD_US = 100_000;
/** How often sessions are looked for. */
const LOOK_MS = 250;

/**
 * Makes a control group, of version 2 or 1, with the numbers that the kubelet would write for a container.
 * @throws where a control group cannot be made (not root, not Linux).
 */
export async function openControlGroup(name: string, { limitCores, requestCores }: Share): Promise<ControlGroup> {
  const unified = await stat(join(ROOT, "cgroup.controllers")).then(
    () => true,
    () => false,
  );
  const folder = join(ROOT, unified ? "" : "cpu", `ratesapp-bench-${process.pid}-${name}`);
  await mkdir(folder);
  // A process that was told to end may still be at it.
  const release = () => retried(() => rmdir(folder), 10_000);
  const write = (file: string, value: number | string) => writeFile(join(folder, file), String(value));
  try {
    if (limitCores !== undefined) {
      const quota = limitCores * PERIOD_US;
      await (unified ? write("cpu.max", `${quota} ${PERIOD_US}`) : write("cpu.cfs_quota_us", quota));
    }
    if (requestCores !== undefined) {
      const shares = Math.max(2, Math.floor(requestCores * 1_024));
      // https://github.com/kubernetes/enhancements/tree/master/keps/sig-node/2254-cgroup-v2
      await (unified
        ? write("cpu.weight", Math.floor(1 + ((shares - 2) * 9_999) / 262_142))
        : write("cpu.shares", shares));
    }
  } catch (error) {
    await release();
    throw error;
  }
  const add = (pid: number) => write("cgroup.procs", pid);
  return {
    add,
    addSessions: (url, applicationName) => watchSessions(url, applicationName, add),
    release,
  };
}

/** False, and says why, where no control group can be made. */
export async function canOpenControlGroups(): Promise<boolean> {
  try {
    await (await openControlGroup("trial", { limitCores: 1, requestCores: 1 })).release();
    return true;
  } catch (error) {
    console.error(`Nothing can be held to a share of a processor here: ${(error as Error).message}`);
    return false;
  }
}

async function watchSessions(
  url: string,
  applicationName: string,
  add: (pid: number) => Promise<void>,
): Promise<() => Promise<void>> {
  const over = new AbortController();
  const watching = withPool(url, async (pool) => {
    while (!over.signal.aborted) {
      const { rows } = await pool.query<{ pid: number }>(
        "SELECT pid FROM pg_stat_activity WHERE application_name = $1",
        [applicationName],
      );
      // One may have ended since.
      for (const { pid } of rows) await add(pid).catch(() => {});
      await sleep(LOOK_MS, undefined, { signal: over.signal }).catch(() => {});
    }
  });
  return () => {
    over.abort();
    return watching;
  };
}

async function retried(attempt: () => Promise<void>, forMs: number): Promise<void> {
  const deadlineMs = Date.now() + forMs;
  for (;;) {
    try {
      return await attempt();
    } catch (error) {
      if (Date.now() > deadlineMs) throw error;
      await sleep(100);
    }
  }
}
