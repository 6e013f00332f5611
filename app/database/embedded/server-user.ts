import { stat } from "node:fs/promises";
import { EmbeddedPostgresError } from "./embedded-postgres-error.js";
import { run, type SystemUser } from "./run.js";

/** macOS has `_postgres`; `nobody` is everywhere, but its number on macOS is out of range for a child process. */
const CANDIDATES = ["postgres", "_postgres", "nobody"];
const LARGEST_UID = 2 ** 31 - 1;

/**
 * Postgres refuses to run as root. If this process is root, the result is the user to run it as: the owner of the data
 * if they exist, else an unprivileged user that the system already has. No user is created. Undefined if this process
 * is not root.
 */
export async function findServerUser(dataDirectory: string): Promise<SystemUser | undefined> {
  if (process.getuid?.() !== 0) return undefined;
  const owner = await stat(dataDirectory).catch(() => undefined);
  if (owner !== undefined && owner.uid !== 0) return { uid: owner.uid, gid: owner.gid };
  for (const name of CANDIDATES) {
    const [uid, gid] = await Promise.all([idOf("-u", name), idOf("-g", name)]);
    if (uid !== undefined && gid !== undefined) return { uid, gid };
  }
  throw new EmbeddedPostgresError(
    `The local Postgres cannot run as root, and this system has no user called ${CANDIDATES.join(" or ")}.`,
    "Run ratesapp as another user, or set DATABASE_URL.",
  );
}

async function idOf(option: "-u" | "-g", name: string): Promise<number | undefined> {
  const { code, output } = await run("id", [option, name]);
  const id = Number(output);
  return code === 0 && id > 0 && id <= LARGEST_UID ? id : undefined;
}
