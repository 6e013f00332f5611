import type { Queries } from "../database/queries.js";
import type { BatchSummary } from "./batch-summary.js";
import { composeList, type ListOptions } from "./list-batches.sql.js";

export type { ListOptions };

/** Lists batches, the newest first. Compactions are left out. */
export function listBatches(database: Queries, options: ListOptions): Promise<BatchSummary[]> {
  return database.composed(composeList(options));
}
