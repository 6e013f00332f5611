import { randomUUID } from "node:crypto";
import { constants, createReadStream, type Stats } from "node:fs";
import { link, open, readlink, realpath, rename, rm, stat } from "node:fs/promises";
import { dirname, join, resolve } from "node:path";
import { systemReason } from "../system-reason.js";
import { UsageError } from "./failure.js";
import { writeToStream } from "./standard-output.js";

/** Thrown if an output could not be written. A file that was there before is unchanged. */
export class OutputError extends Error {
  constructor(path: string, reason: string, options?: ErrorOptions) {
    super(`${path} cannot be written: ${reason}.`, options);
    this.name = "OutputError";
  }
}

/** Thrown if there is already a file with other content. */
export class FileExistsError extends UsageError {
  constructor(path: string) {
    super(`${path} is there already and stays as it is; --force overwrites it.`);
    this.name = "FileExistsError";
  }
}

type Chunks = AsyncIterable<Buffer>;

/** Opening these paths by name would empty a file, and fail for a socket. */
const STREAMS = new Map<string, NodeJS.WriteStream>([
  ["-", process.stdout],
  ["/dev/stdout", process.stdout],
  ["/dev/fd/1", process.stdout],
  ["/proc/self/fd/1", process.stdout],
  ["/dev/stderr", process.stderr],
]);

/**
 * Writes to a file, or through a device, a pipe or anything else that is no regular file. A new file appears only when
 * it is complete. Links are followed. A file that already has exactly this content is left alone, so that several
 * workers may write the same.
 * @param force true to overwrite a regular file; this happens in one step and keeps its mode.
 * @throws {FileExistsError} if there is a regular file with other content and `force` is false.
 * @throws {OutputError}
 */
export async function writeOutput(path: string, chunks: Chunks, { force = false } = {}): Promise<void> {
  const stream = STREAMS.get(path);
  if (stream !== undefined) return writeToStream(stream, chunks);
  const found = await stat(path).catch((error: NodeJS.ErrnoException) => {
    if (error.code === "ENOENT") return undefined;
    throw new OutputError(path, systemReason(error), { cause: error });
  });
  if (found?.isDirectory()) throw new OutputError(path, "it is a folder");
  if (found !== undefined && !found.isFile()) return writeThrough(path, chunks);
  if (found === undefined) return create(path, chunks);
  if (force) return replace(path, chunks, found);
  if (!(await holds(path, chunks))) throw new FileExistsError(path);
}

async function writeThrough(path: string, chunks: Chunks): Promise<void> {
  const refuse = refusalOf(path);
  const file = await open(path, constants.O_WRONLY).catch(refuse);
  try {
    for await (const chunk of chunks) await file.writeFile(chunk).catch(refuse);
  } finally {
    await file.close().catch(refuse);
  }
}

async function create(path: string, chunks: Chunks): Promise<void> {
  const target = await followLink(path);
  await beside(path, target, chunks, null, async (partial) => {
    // A rename would overwrite a file that another process has put there meanwhile. A link does not.
    await link(partial, target).catch(async (error: NodeJS.ErrnoException) => {
      if (error.code !== "EEXIST") return rename(partial, target).catch(refusalOf(path));
      if (!(await holds(path, createReadStream(partial)))) throw new FileExistsError(path);
    });
  });
}

async function replace(path: string, chunks: Chunks, before: Stats): Promise<void> {
  const target = await realpath(path).catch(refusalOf(path));
  await beside(path, target, chunks, before, (partial) => rename(partial, target).catch(refusalOf(path)));
}

/**
 * Writes a file next to the target, with the owner and mode of the file before, if there was one. Passes it on when it
 * is complete.
 */
async function beside(
  path: string,
  target: string,
  chunks: Chunks,
  before: Stats | null,
  handOn: (partial: string) => Promise<void>,
): Promise<void> {
  const refuse = refusalOf(path);
  const folder = dirname(target);
  // The name begins with a dot, so that the file is not taken for a delivery if this folder is a source.
  const partial = join(folder, `.ratesapp-${randomUUID()}.part`);
  const file = await open(partial, "wx").catch((error: NodeJS.ErrnoException) => {
    const reason =
      error.code === "ENOENT"
        ? `there is no folder ${folder}`
        : `no file can be made in its folder, ${folder}: ${systemReason(error)}`;
    throw new OutputError(path, reason, { cause: error });
  });
  try {
    for await (const chunk of chunks) await file.writeFile(chunk).catch(refuse);
    if (before !== null) {
      // Only root may give a file to another user.
      await file.chown(before.uid, before.gid).catch(() => {});
      await file.chmod(before.mode).catch(refuse);
    }
    await file.close().catch(refuse);
    await handOn(partial);
  } finally {
    await file.close().catch(() => {});
    await rm(partial, { force: true });
  }
}

/** The target of a link whose file does not exist yet; any other path is returned unchanged. */
async function followLink(path: string): Promise<string> {
  const to = await readlink(path).catch(() => null);
  return to === null ? path : followLink(resolve(await realpath(dirname(path)).catch(refusalOf(path)), to));
}

/** True if the file has exactly these bytes. */
async function holds(path: string, chunks: Chunks): Promise<boolean> {
  const file = await open(path, "r").catch(() => null);
  if (file === null) return false;
  try {
    for await (const chunk of chunks) {
      const { buffer, bytesRead } = await file.read(Buffer.alloc(chunk.length), 0, chunk.length).catch(refusalOf(path));
      if (bytesRead !== chunk.length || !buffer.equals(chunk)) return false;
    }
    return (await file.read(Buffer.alloc(1), 0, 1).catch(refusalOf(path))).bytesRead === 0;
  } finally {
    await file.close();
  }
}

function refusalOf(path: string): (error: unknown) => never {
  return (error) => {
    throw new OutputError(path, systemReason(error), { cause: error });
  };
}
