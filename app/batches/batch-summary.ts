import type { Queries } from "../database/queries.js";
import { type BatchSummary, readSummary } from "./batch-summary.sql.js";

export type { BatchSummary };

/**
 * The part of a {@link BatchSummary} that shows how far the batch is. The numbers of pieces are absent where they are
 * not known.
 */
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

/** Reads the summary of a batch, which may also be a compaction. Undefined if there is no such batch. */
export function readBatch(database: Queries, batchId: number): Promise<BatchSummary | undefined> {
  return database.row(readSummary, { batchId });
}
