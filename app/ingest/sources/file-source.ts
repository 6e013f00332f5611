import { isUtf8 } from "node:buffer";
import { type BigIntStats, constants, open as openWithCallback } from "node:fs";
import { lstat, open, opendir, stat } from "node:fs/promises";
import { Socket } from "node:net";
import { basename, join, resolve } from "node:path";
import { promisify } from "node:util";
import { REJECTS_SUFFIX } from "../../batches/rejects.js";
import { identityOf } from "./identity.js";
import { openPipeSource } from "./pipe-source.js";
import type { Source, SourceObject, UnreadableObject } from "./source.js";
import { SourceChangedError, SourceError, SourceUnavailableError } from "./source-error.js";

const openDescriptor = promisify(openWithCallback);

/** A file, or every file of a folder (not of the folders in it; names that begin with a dot, and files of
 * rejected lines, are left out). */
export async function openFileSource(path: string, signal?: AbortSignal): Promise<Source> {
  const absolute = resolve(path);
  const stats = await statOf(absolute);
  if (stats.isDirectory()) return { several: true, list: () => listFolder(absolute) };
  if (stats.isFIFO()) return openNamedPipe(absolute, signal);
  if (!stats.isFile()) throw new SourceError(`${path} is neither a file nor a folder.`);
  return {
    several: false,
    async *list() {
      yield new FileObject(absolute, stats);
    },
  };
}

/** Files that are looked at together; one after the other would take a folder of many as long as its disk is far. */
const LOOKS_AT_ONCE = 64;

async function* listFolder(folder: string): AsyncIterable<SourceObject | UnreadableObject> {
  const names = await listNames(folder).catch((error) => {
    throw readError(folder, error);
  });
  for (let at = 0; at < names.length; at += LOOKS_AT_ONCE) {
    const looks = names.slice(at, at + LOOKS_AT_ONCE).map((name) => lookAt(folder, name));
    for (const found of await Promise.all(looks)) if (found !== null) yield found;
  }
}

/** A name of a folder, or the error of one that is none. */
type Name = string | UnreadableObject;

/** Sorted. Nothing but the names is kept in memory, as there may be a hundred thousand. */
async function listNames(folder: string): Promise<Name[]> {
  const names: Name[] = [];
  // As bytes: made into text, a name that is no UTF-8 would be that of no file.
  const options = { encoding: "buffer" as BufferEncoding, bufferSize: 1_024 };
  for await (const entry of await opendir(folder, options)) {
    const bytes = entry.name as unknown as Buffer;
    const name = bytes.toString("utf8");
    if (entry.isDirectory() || name.startsWith(".") || REJECTS_SUFFIX.test(name)) continue;
    names.push(isUtf8(bytes) ? name : { name, error: new SourceError("Its name is not UTF-8.") });
  }
  const textOf = (name: Name) => (typeof name === "string" ? name : name.name);
  return names.sort((a, b) => (textOf(a) < textOf(b) ? -1 : 1));
}

/** Null for what is no file. */
async function lookAt(folder: string, name: Name): Promise<SourceObject | UnreadableObject | null> {
  if (typeof name !== "string") return name;
  const path = join(folder, name);
  try {
    const stats = await stat(path, { bigint: true });
    return stats.isFile() ? new FileObject(path, stats) : null;
  } catch (error) {
    const isMissing = (error as NodeJS.ErrnoException).code === "ENOENT";
    const leadsNowhere =
      isMissing &&
      (await lstat(path).then(
        (link) => link.isSymbolicLink(),
        () => false,
      ));
    return {
      name,
      error: leadsNowhere ? new SourceError(`${path} is a symbolic link to nothing.`) : readError(path, error),
    };
  }
}

/**
 * A pipe with a name, such as `<(zcat a.gz b.gz)` of a shell. Read as a socket is: reading it as a file cannot be
 * stopped.
 */
async function openNamedPipe(path: string, signal?: AbortSignal): Promise<Source> {
  // Opening one waits for its writer, and can only be stopped by one.
  const write = () => {
    const { O_WRONLY, O_NONBLOCK } = constants;
    void open(path, O_WRONLY | O_NONBLOCK).then(
      (writer) => writer.close(),
      () => {},
    );
  };
  signal?.throwIfAborted();
  signal?.addEventListener("abort", write, { once: true });
  // A number rather than a FileHandle: the socket closes it, and nothing else must.
  const fd = await openDescriptor(path, "r").catch((error) => {
    throw readError(path, error);
  });
  signal?.removeEventListener("abort", write);
  const input = new Socket({ fd, readable: true, writable: false });
  return openPipeSource({ name: basename(path), location: path, input });
}

/** Large enough that the calls cost nothing beside the parsing; small enough to stay in the processor's cache. */
const CHUNK_BYTES = 256 * 1024;

class FileObject implements SourceObject {
  readonly name: string;
  readonly location: string;
  readonly channel = "file";
  readonly identity: string;
  readonly bytes: number;
  readonly ranges = true;
  readonly repeatable = true;
  readonly #stats: BigIntStats;

  constructor(path: string, stats: BigIntStats) {
    this.name = basename(path);
    this.location = path;
    this.#stats = stats;
    this.bytes = Number(stats.size);
    this.identity = identityOf(this.name, stats.size, stats.mtimeNs);
  }

  async *read(from: number, to: number | null, signal?: AbortSignal): AsyncIterable<Buffer> {
    const end = Math.min(to ?? this.bytes, this.bytes);
    const file = await this.#attempt(open(this.location));
    try {
      // The path may lead to another file by now, and to the planned one again when `verify` looks.
      this.#compare(await this.#attempt(file.stat({ bigint: true })));
      const buffer = Buffer.allocUnsafe(CHUNK_BYTES);
      for (let at = from; at < end; ) {
        signal?.throwIfAborted();
        const { bytesRead } = await this.#attempt(file.read(buffer, 0, Math.min(CHUNK_BYTES, end - at), at));
        if (bytesRead === 0) throw new SourceChangedError(this.location, "it is shorter now");
        at += bytesRead;
        yield buffer.subarray(0, bytesRead);
      }
    } finally {
      await file.close();
    }
  }

  async verify(): Promise<void> {
    this.#compare(await this.#attempt(stat(this.location, { bigint: true })));
  }

  async lookAgain(): Promise<SourceObject | null> {
    const stats = await stat(this.location, { bigint: true }).catch(() => null);
    return stats?.isFile() ? new FileObject(this.location, stats) : null;
  }

  #compare(now: BigIntStats): void {
    const before = this.#stats;
    if (now.size !== before.size) {
      throw new SourceChangedError(this.location, `from ${before.size} to ${now.size} bytes`);
    }
    if (now.mtimeNs !== before.mtimeNs || now.ino !== before.ino) {
      throw new SourceChangedError(this.location, "it was written again");
    }
  }

  /** What fails with a file that was there before does not fail for good: it may come back. */
  async #attempt<T>(work: Promise<T>): Promise<T> {
    try {
      return await work;
    } catch (error) {
      const { code } = error as NodeJS.ErrnoException;
      if (code === "ENOENT" || code === "ENOTDIR") throw new SourceChangedError(this.location, "it is gone");
      throw new SourceUnavailableError(readError(this.location, error).message, { cause: error });
    }
  }
}

async function statOf(path: string): Promise<BigIntStats> {
  try {
    return await stat(path, { bigint: true });
  } catch (error) {
    throw readError(path, error);
  }
}

function readError(path: string, error: unknown): Error {
  const { code, message } = error as NodeJS.ErrnoException;
  if (code === "ENOENT") return new SourceError(`There is no file ${path}.`, { cause: error });
  if (code === "EACCES" || code === "EPERM") return new SourceError(`${path} may not be read.`, { cause: error });
  if (code === "ELOOP") return new SourceError(`${path} is a symbolic link to itself.`, { cause: error });
  if (code === "EISDIR") return new SourceError(`${path} is a folder.`, { cause: error });
  return new SourceUnavailableError(`${path} cannot be read: ${message}`, { cause: error });
}
