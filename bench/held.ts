import { mkdir, rmdir, stat, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";

/** A group of processes that may use a share of one processor. */
export interface Hold {
  add(pid: number): Promise<void>;
  release(): Promise<void>;
}

const ROOT = "/sys/fs/cgroup";
const PERIOD_US = 100_000;

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

/**
 * Holds processes to `cores` (0.25 is a quarter of one) by a control group, version 2 or 1.
 * @throws where this machine lets nobody make one (not root, not Linux).
 */
export async function hold(name: string, cores: number): Promise<Hold> {
  const unified = await stat(join(ROOT, "cgroup.controllers")).then(
    () => true,
    () => false,
  );
  const folder = join(ROOT, unified ? "" : "cpu", `ratesapp-bench-${process.pid}-${name}`);
  const quota = String(cores * PERIOD_US);
  await mkdir(folder);
  await writeFile(join(folder, unified ? "cpu.max" : "cpu.cfs_quota_us"), unified ? `${quota} ${PERIOD_US}` : quota);
  return {
    add: (pid) => writeFile(join(folder, "cgroup.procs"), String(pid)),
    // A process that was told to end may still be at it.
    release: () => retried(() => rmdir(folder), 10_000),
  };
}

/** Those of the comparisons that can be made here: what holds nothing, and the rest where control groups can be made. */
export async function holdable<C extends { readonly cores: number | null }>(comparisons: readonly C[]): Promise<C[]> {
  try {
    await (await hold("trial", 1)).release();
    return [...comparisons];
  } catch (error) {
    console.error(`Nothing can be held to a share of a processor here: ${(error as Error).message}`);
    return comparisons.filter(({ cores }) => cores === null);
  }
}
