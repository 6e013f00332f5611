import type { Queries } from "../database/queries.js";
import type { BatchState } from "./batch-state.js";
import { type BatchSummary, readSummaries } from "./batch-summary.sql.js";

export type { BatchSummary };

export interface ListOptions {
  readonly limit: number;
  /** Go on behind this batch. */
  readonly before?: number;
  readonly feed?: string;
  readonly state?: BatchState;
}

/** Newest first; compactions are left out. */
export function listBatches(database: Queries, options: ListOptions): Promise<BatchSummary[]> {
  const { limit, before = null, feed = null, state = null } = options;
  return database.rows(readSummaries, { batchId: null, before, limit, feed, state });
}

/** Undefined if there is no such batch. */
export function readBatch(database: Queries, batchId: number): Promise<BatchSummary | undefined> {
  return database.row(readSummaries, { batchId, before: null, limit: 1, feed: null, state: null });
}
