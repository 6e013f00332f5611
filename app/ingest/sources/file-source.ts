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

/**
 * Opens a file, a named pipe or a folder. Of a folder, every file is a delivery, except for files in folders inside,
 * files whose name begins with a dot, and files of rejected lines.
 * @throws {SourceError} if there is no such file, or if it may not be read.
 */
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

/**
 * Files whose details are read at the same time. One after the other, the files of a large folder on a distant disk
 * would take very long.
 */
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

/** A name in a folder, or the error of a name that cannot be used. */
type Name = string | UnreadableObject;

/** The names in a folder, sorted. Only the names are kept in memory, because there may be a hundred thousand. */
async function listNames(folder: string): Promise<Name[]> {
  const names: Name[] = [];
  // Names are read as bytes: a name that is not UTF-8, made into text, would no longer lead to its file.
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

/** The file of this name, or why it cannot be read. Null if the name is not that of a file. */
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
 * Opens a pipe with a name, such as `<(zcat a.gz b.gz)` of a shell. It is read as a socket, because reading it as a
 * file could not be stopped.
 */
async function openNamedPipe(path: string, signal?: AbortSignal): Promise<Source> {
  // Opening a pipe waits until another process opens it to write. To stop that wait, this process opens it to write.
  const write = () => {
    const { O_WRONLY, O_NONBLOCK } = constants;
    void open(path, O_WRONLY | O_NONBLOCK).then(
      (writer) => writer.close(),
      () => {},
    );
  };
  signal?.throwIfAborted();
  signal?.addEventListener("abort", write, { once: true });
  // A number rather than a FileHandle, because the socket closes it, and it must not be closed twice.
  const fd = await openDescriptor(path, "r").catch((error) => {
    throw readError(path, error);
  });
  signal?.removeEventListener("abort", write);
  const input = new Socket({ fd, readable: true, writable: false });
  return openPipeSource({ name: basename(path), location: path, input });
}

/**
 * Bytes of one read: enough that the calls cost nothing beside the parsing, and few enough to stay in the processor's
 * cache.
 */
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
      // The path may lead to another file now, and to the planned file again when `verify` looks.
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

  /** An error with a file that could be opened before is not final, because the file may come back. */
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
