import type pg from "pg";
import { shortStatement } from "../database/short-statement.js";
import { BatchNotFoundError, BatchStateError } from "./batch-error.js";
import type { BatchState } from "./batch-state.js";
import { readColumns, readContents } from "./reported-lines.sql.js";

const LINES_PER_QUERY = 1_000;
const BYTES_PER_QUERY = 4 * 1024 * 1024;
const LINE_BREAK = Buffer.from("\n");

/** Ends the names of files with rejected lines; a folder that is a source does not offer them again by itself. */
export const REJECTS_SUFFIX = /\.rejects\.(csv|ndjson)$/;

/**
 * The lines of a batch that were left out, as they stood: the header if there is one for all, then each line.
 * @throws {BatchNotFoundError}
 * @throws {BatchStateError} if it failed: nothing was left out of it, and of its bad lines only beginnings are kept.
 */
export async function* readRejects(pool: pg.Pool, batchId: number): AsyncGenerator<Buffer, void> {
  const { rows: batches } = await pool.query<{ columns: string | null; state: BatchState }>(
    shortStatement({ text: readColumns, values: [batchId] }),
  );
  if (!batches[0]) throw new BatchNotFoundError(batchId);
  const { columns, state } = batches[0];
  if (state === "failed") {
    throw new BatchStateError(batchId, state, `Batch ${batchId} failed; no lines were left out of it.`);
  }
  if (columns) yield Buffer.from(`${columns}\n`);
  for (let piece = -1, line = 0; ; ) {
    const { rows } = await pool.query<{ piece: number; line: number; content: Buffer }>(
      shortStatement({ text: readContents, values: [batchId, piece, line, LINES_PER_QUERY, BYTES_PER_QUERY] }),
    );
    const last = rows.at(-1);
    if (!last) return;
    yield Buffer.concat(rows.flatMap((row) => [row.content, LINE_BREAK]));
    ({ piece, line } = last);
  }
}
