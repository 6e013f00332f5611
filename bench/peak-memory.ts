import { readFile } from "node:fs/promises";

/** The most memory that a process has had so far, in bytes. */
export async function peakMemory(pid: number): Promise<number> {
  return Number(/VmHWM:\s+(\d+) kB/.exec(await readFile(`/proc/${pid}/status`, "utf8"))?.[1]) * 1024;
}
