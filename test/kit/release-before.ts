import { execFile } from "node:child_process";
import { mkdtemp, readFile, rm, symlink } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";

const run = promisify(execFile);
const ROOT = fileURLToPath(new URL("../../", import.meta.url));
/** Names its commit. CONTRIBUTING.md, "Release", tells when it changes. */
const COMMIT_FILE = "test/kit/release-before.txt";

export interface ReleaseBefore {
  /** The command that runs its `ratesapp`, without arguments. */
  readonly command: readonly string[];
  remove(): Promise<void>;
}

/**
 * The program of the release before, from this repository's history. It runs as it stands there, with the packages of
 * this release.
 * @throws if this clone does not have the commit and cannot fetch it. No test may be left out because of that.
 */
export async function openReleaseBefore(): Promise<ReleaseBefore> {
  const commit = (await readFile(join(ROOT, COMMIT_FILE), "utf8")).trim();
  await fetchCommit(commit);
  const folder = await mkdtemp(join(tmpdir(), "ratesapp-release-before-"));
  const archive = join(folder, "release.tar");
  await git(
    "archive",
    "--output",
    archive,
    commit,
    "app",
    "build",
    "package.json",
    "package-lock.json",
    "tsconfig.json",
  );
  await run("tar", ["-xf", archive, "-C", folder]);
  await symlink(join(ROOT, "node_modules"), join(folder, "node_modules"));
  return {
    command: [process.execPath, "--import", join(folder, "build/tsx.mjs"), join(folder, "app/main.ts")],
    remove: () => rm(folder, { recursive: true, force: true }),
  };
}

async function fetchCommit(commit: string): Promise<void> {
  const has = () => git("cat-file", "-e", `${commit}^{commit}`);
  try {
    await has().catch(() => git("fetch", "--depth", "1", "origin", commit));
  } catch (error) {
    throw new Error(
      `The release before (commit ${commit}, ${COMMIT_FILE}) is not in this clone: fetch it with its history, or run \`git fetch origin ${commit}\`.`,
      { cause: error },
    );
  }
}

function git(...args: readonly string[]): Promise<unknown> {
  return run("git", ["-C", ROOT, ...args]);
}
