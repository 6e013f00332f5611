import { createReadStream } from "node:fs";
import { truncate, writeFile } from "node:fs/promises";
import { totalmem } from "node:os";
import { join } from "node:path";
import { Writable } from "node:stream";
import { pipeline } from "node:stream/promises";

const CHUNK_BYTES = 1024 ** 2;

/**
 * Fills the kernel's page cache, as it is on a server that has run for a day. A virtual machine is given memory by its
 * host when it first touches it, which takes longer than loading prices into it, and gives back what is free: without
 * this a bench measures how much of its memory others have just used.
 *
 * Reads a sparse file in `folder`, which takes no room on the disk. It must stay, or its pages would be free again.
 */
export async function fillPageCache(folder: string): Promise<void> {
  const file = join(folder, "sparse");
  await writeFile(file, "", { flag: "a" });
  await truncate(file, totalmem());
  const nowhere = new Writable({ write: (_chunk, _encoding, done) => done() });
  await pipeline(createReadStream(file, { highWaterMark: CHUNK_BYTES }), nowhere);
}
