import type { Queries } from "../database/queries.js";
import { BatchNotFoundError, BatchStateError } from "./batch-error.js";
import { readColumns, readContents } from "./reported-lines.sql.js";

const LINES_PER_QUERY = 1_000;
const BYTES_PER_QUERY = 4 * 1024 * 1024;
const LINE_BREAK = Buffer.from("\n");

/** The end of the name of a file with rejected lines. A source that is a folder or a prefix skips such files. */
export const REJECTS_SUFFIX = /\.rejects\.(csv|ndjson)$/;

/**
 * The lines that were left out of a batch, exactly as they stood in the delivery. A CSV header comes first.
 * @throws {BatchNotFoundError}
 * @throws {BatchStateError} if the batch failed: no line was left out of it, and only the beginnings of its bad lines
 * are kept.
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
