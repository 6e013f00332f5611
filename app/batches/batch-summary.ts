import type { Queries } from "../database/queries.js";
import { type BatchSummary, readSummary } from "./batch-summary.sql.js";

export type { BatchSummary };

/** How far a batch is. */
export type BatchProgress = Pick<
  BatchSummary,
  | "state"
  | "rows"
  | "rejected"
  | "bytes"
  | "bytes_loaded"
  | "rows_per_second"
  | "audit_parts"
  | "audit_parts_done"
  | "progress"
  | "estimated_end"
  | "deadline_at"
  | "read_at"
> &
  Partial<Pick<BatchSummary, "pieces" | "pieces_loaded">>;

/** A compaction too. Undefined if there is no such batch. */
export function readBatch(database: Queries, batchId: number): Promise<BatchSummary | undefined> {
  return database.row(readSummary, { batchId });
}
