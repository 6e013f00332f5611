import type { Knex } from "knex";
import { compose } from "../database/compose.js";
import type { BatchState } from "./batch-state.js";
import { type BatchSummary, summaries } from "./batch-summary.sql.js";

/** Which deliveries to list, and how many at most. */
export interface ListOptions {
  readonly limit: number;
  /** Only batches with a smaller id: the last id of the page before. */
  readonly before?: number;
  readonly feed?: string;
  readonly state?: BatchState;
}

/**
 * Lists deliveries, the newest first. Compactions are not deliveries, so they are left out.
 *
 * Each set of filters has an index of its own (such as `batches_of_feed_in_state`), with an order that no other index
 * has. That order makes Postgres choose the right index. With a plain order by `id`, Postgres could search all batches
 * from the newest backwards for those of a feed that stopped years ago.
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
