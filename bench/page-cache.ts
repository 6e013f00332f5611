import { randomUUID } from "node:crypto";
import { createReadStream } from "node:fs";
import { readFile, truncate, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { Writable } from "node:stream";
import { pipeline } from "node:stream/promises";

const CHUNK_BYTES = 1024 ** 2;

/**
 * Fills what memory is free with the kernel's page cache, as it is on a server that has run for a day. A virtual
 * machine is given memory by its host when it first touches it, which takes longer than loading prices into it, and
 * gives back what is free: without this a bench measures how much of its memory others have just used.
 *
 * Reads a sparse file in `folder`, which takes no room on the disk. It must stay, or its pages would be free again; and
 * each call has one of its own, so that it drops no pages of what is to be measured. Does nothing but on Linux.
 */
export async function fillPageCache(folder: string): Promise<void> {
  const memory = await readFile("/proc/meminfo", "utf8").catch(() => "");
  const freeBytes = Number(/MemFree: +(\d+) kB/.exec(memory)?.[1] ?? 0) * 1024;
  const file = join(folder, `sparse-${randomUUID()}`);
  await writeFile(file, "");
  await truncate(file, freeBytes);
  const nowhere = new Writable({ write: (_chunk, _encoding, done) => done() });
  await pipeline(createReadStream(file, { highWaterMark: CHUNK_BYTES }), nowhere);
}
