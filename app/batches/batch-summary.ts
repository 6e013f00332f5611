import type { Queries } from "../database/queries.js";
import { type BatchSummary, readSummary } from "./batch-summary.sql.js";

export type { BatchSummary };

/** A compaction too. Undefined if there is no such batch. */
export function readBatch(database: Queries, batchId: number): Promise<BatchSummary | undefined> {
  return database.row(readSummary, { batchId });
}
