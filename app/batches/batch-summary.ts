import type { Queries } from "../database/queries.js";
import { type BatchSummary, composeList, type ListOptions, readSummary } from "./batch-summary.sql.js";

export type { BatchSummary, ListOptions };

/** Newest first; compactions are left out. */
export function listBatches(database: Queries, options: ListOptions): Promise<BatchSummary[]> {
  return database.composed(composeList(options));
}

/** A compaction too. Undefined if there is no such batch. */
export function readBatch(database: Queries, batchId: number): Promise<BatchSummary | undefined> {
  return database.row(readSummary, { batchId });
}
