import { open, rename, rm } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import type pg from "pg";
import { readColumns, readContents } from "./bad-lines.sql.js";
import { workerName } from "./worker.js";

const LINES_PER_QUERY = 1_000;
const BYTES_PER_QUERY = 4 * 1024 * 1024;
const LINE_BREAK = Buffer.from("\n");

/** Ends the names of files with rejected lines; a folder that is a source does not offer them again by itself. */
export const REJECTS_SUFFIX = /\.rejects\.(csv|ndjson)$/;

/**
 * Writes the lines of a batch that were left out to a file that can be repaired and loaded: the header, then each line
 * as it stood. The file appears when it is whole.
 * @returns the number of lines.
 */
export async function writeRejects(pool: pg.Pool, batchId: number, path: string): Promise<number> {
  const { rows: batches } = await pool.query<{ columns: string | null }>(readColumns, [batchId]);
  const columns = batches[0]?.columns;
  // A name that no other worker on the volume has, and that a folder which is a source does not offer.
  const unfinished = join(dirname(path), `.${basename(path)}.${workerName()}.part`);
  const file = await open(unfinished, "w");
  let lines = 0;
  try {
    if (columns) await file.write(`${columns}\n`);
    for (let piece = -1, line = 0; ; ) {
      const { rows } = await pool.query<{ piece: number; line: number; content: Buffer }>(readContents, [
        batchId,
        piece,
        line,
        LINES_PER_QUERY,
        BYTES_PER_QUERY,
      ]);
      const last = rows.at(-1);
      if (!last) break;
      await file.writev(rows.flatMap((row) => [row.content, LINE_BREAK]));
      lines += rows.length;
      ({ piece, line } = last);
    }
    await file.close();
    await rename(unfinished, path);
  } catch (error) {
    await file.close().catch(() => {});
    await rm(unfinished, { force: true });
    throw error;
  }
  return lines;
}
