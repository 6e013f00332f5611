import type { Knex } from "knex";
import { compose } from "../database/compose.js";
import type { BatchState } from "./batch-state.js";
import { type BatchSummary, summaries } from "./batch-summary.sql.js";

export interface ListOptions {
  readonly limit: number;
  /** Go on behind this batch. */
  readonly before?: number;
  readonly feed?: string;
  readonly state?: BatchState;
}

/**
 * Newest first. Compactions are no deliveries and are left out.
 *
 * Each set of filters has an index of its own (`batches_of_feed_in_state` and so on), and an order that no other index
 * gives. Ordered by `id`, the batches of a feed that stopped years ago would be looked for from the newest of all
 * backwards.
 */
export function composeList({ limit, before, feed, state }: ListOptions): Knex.Raw<BatchSummary> {
  const list = compose("batches").whereRaw("mode <> 'compaction'").limit(limit);
  if (feed !== undefined) list.where({ feed });
  if (state !== undefined) list.where({ state });
  const age = feed !== undefined && state !== undefined ? "0 - id" : "-id";
  if (feed === undefined && state === undefined) list.orderBy("id", "desc");
  else list.orderByRaw(age);
  if (before !== undefined) list.where("id", "<", before).whereRaw(`${age} > ?`, [-before]);
  return compose.raw<BatchSummary>(summaries("?"), [list]);
}
