import type { Queries } from "../database/queries.js";
import { type BatchSummary, readSummary } from "./batch-summary.sql.js";

export type { BatchSummary };

/** Reads the summary of a batch, which may also be a compaction. Undefined if there is no such batch. */
export function readBatch(database: Queries, batchId: number): Promise<BatchSummary | undefined> {
  return database.row(readSummary, { batchId });
}
