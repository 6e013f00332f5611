import { readFile, readlink, realpath } from "node:fs/promises";
import { platform } from "node:os";
import { join } from "node:path";

/** What a running server writes into postmaster.pid in its data directory. */
export interface Postmaster {
  readonly pid: number;
  readonly port: number;
}

/** Undefined if no server uses the data, or if it is still starting and has no port yet. */
export async function readPostmaster(dataDirectory: string): Promise<Postmaster | undefined> {
  const text = await readFile(join(dataDirectory, "postmaster.pid"), "utf8").catch(() => "");
  const lines = text.split("\n");
  const pid = Number(lines[0]);
  const port = Number(lines[3]);
  return pid > 0 && port > 0 ? { pid, port } : undefined;
}

/**
 * The port of the last server on these data (postmaster.opts), whether or not it runs; undefined if there never was
 * one.
 */
export async function readLastPort(dataDirectory: string): Promise<number | undefined> {
  const commandLine = await readFile(join(dataDirectory, "postmaster.opts"), "utf8").catch(() => "");
  const port = Number(/"-p" "(\d+)"/.exec(commandLine)?.[1]);
  return port > 0 ? port : undefined;
}

/**
 * True if this process is the server of these data. After a container restart, another process may have the same pid.
 * Postgres would refuse to start as long as that process runs.
 */
export async function isAlive(postmaster: Postmaster, dataDirectory: string): Promise<boolean> {
  try {
    process.kill(postmaster.pid, 0);
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === "EPERM" && platform() !== "linux";
  }
  if (platform() !== "linux") return true;
  const workingDirectory = await readlink(`/proc/${postmaster.pid}/cwd`).catch(() => "");
  return workingDirectory === (await realpath(dataDirectory));
}
