import type { Queries } from "../database/queries.js";
import { BatchNotFoundError, BatchStateError } from "./batch-error.js";
import { readColumns, readContents } from "./reported-lines.sql.js";

const LINES_PER_QUERY = 1_000;
const BYTES_PER_QUERY = 4 * 1024 * 1024;
const LINE_BREAK = Buffer.from("\n");

/** The end of the names of files with rejected lines. A folder that is a source passes over files with such names. */
export const REJECTS_SUFFIX = /\.rejects\.(csv|ndjson)$/;

/**
 * The lines of a batch that were left out, as they stood: the header if there is one for all, then each line.
 * @throws {BatchNotFoundError}
 * @throws {BatchStateError} if it failed: nothing was left out of it, and of its bad lines only beginnings are kept.
 */
export async function* readRejects(database: Queries, batchId: number): AsyncGenerator<Buffer, void> {
  const batch = await database.row(readColumns, { batchId });
  if (!batch) throw new BatchNotFoundError(batchId);
  const { columns, state } = batch;
  if (state === "failed") {
    throw new BatchStateError(batchId, state, `Batch ${batchId} failed; no lines were left out of it.`);
  }
  if (columns) yield Buffer.from(`${columns}\n`);
  for (let piece = -1, line = 0; ; ) {
    const rows = await database.rows(readContents, {
      batchId,
      piece,
      line,
      limit: LINES_PER_QUERY,
      bytes: BYTES_PER_QUERY,
    });
    const last = rows.at(-1);
    if (!last) return;
    yield Buffer.concat(rows.flatMap((row) => [row.content, LINE_BREAK]));
    ({ piece, line } = last);
  }
}
