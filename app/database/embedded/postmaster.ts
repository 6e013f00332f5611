import { readFile, readlink, realpath } from "node:fs/promises";
import { platform } from "node:os";
import { join } from "node:path";

/** What a running server writes into its data directory (postmaster.pid). */
export interface Postmaster {
  readonly pid: number;
  readonly port: number;
}

/** Undefined if no server has the data open, or if it has not come far enough to have a port. */
export async function readPostmaster(dataDirectory: string): Promise<Postmaster | undefined> {
  const text = await readFile(join(dataDirectory, "postmaster.pid"), "utf8").catch(() => "");
  const lines = text.split("\n");
  const pid = Number(lines[0]);
  const port = Number(lines[3]);
  return pid > 0 && port > 0 ? { pid, port } : undefined;
}

/** The port of the last server on these data, running or not (postmaster.opts); undefined if there never was one. */
export async function readLastPort(dataDirectory: string): Promise<number | undefined> {
  const commandLine = await readFile(join(dataDirectory, "postmaster.opts"), "utf8").catch(() => "");
  const port = Number(/"-p" "(\d+)"/.exec(commandLine)?.[1]);
  return port > 0 ? port : undefined;
}

/**
 * True if that process is the server of these data. After a restart of a container another process may have the same
 * number, and Postgres would refuse to start for as long as that one runs.
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
