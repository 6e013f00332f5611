import type { Database } from "../database/database.js";
import type { Queries } from "../database/queries.js";
import type { BatchState } from "./batch-state.js";
import type { Delivery } from "./delivery.js";
import { findBatches, insertBatch, setAside } from "./plan.sql.js";

/**
 * Bytes of a piece. It is small enough that a worker that dies loses little work, and that two workers end at nearly
 * the same time. It is large enough (about 600,000 lines, half a second) that the cost of its transaction does not
 * matter.
 */
export const PIECE_BYTES = 16 * 1024 * 1024;
/**
 * Bytes of a piece of a stream. Three such pieces are in memory at a time, so they are half as large as {@link
 * PIECE_BYTES}.
 */
export const STREAM_PIECE_BYTES = PIECE_BYTES / 2;

/** The batch of a delivery, as it is known when the delivery is planned. */
export interface PlannedBatch {
  readonly id: number;
  readonly state: BatchState;
  /** True if the batch had been published, retracted or failed before this run began. */
  readonly endedBefore: boolean;
}

/**
 * Returns the batch of a delivery. A delivery without a batch is planned now, with all its pieces. Any number of
 * workers may call this for the same delivery at the same time; all get the same batch.
 * @param startedAt when this run began, by the database's clock.
 * @param again true to plan a delivery again whose batch failed before this run began. A batch that failed since then
 * is never planned again: otherwise each of ten pods would try the same bad file in turn.
 */
export async function planBatch(
  database: Database,
  delivery: Delivery,
  startedAt: string,
  again: boolean,
): Promise<PlannedBatch> {
  const batch = await insert(database, delivery);
  if (batch !== null) return batch;
  const known = await findPlannedBatch(database, delivery, startedAt);
  if (known === null) throw new Error(`The batch of ${delivery.identity} was deleted while it was planned.`);
  if (known.state !== "failed" || !known.endedBefore || !again) return known;
  return database.transaction(async (session) => {
    await session.run(setAside, { batchId: known.id });
    // Another worker may have planned the same delivery a moment before.
    return (await insert(session, delivery)) ?? (await findPlannedBatch(session, delivery, startedAt)) ?? known;
  });
}

/** The batch of this delivery; null if the delivery has none yet. */
export async function findPlannedBatch(
  database: Queries,
  { feed, channel, identity }: Pick<Delivery, "feed" | "channel" | "identity">,
  startedAt: string,
): Promise<PlannedBatch | null> {
  const known = await findPlannedBatches(database, { feed, channel, identities: [identity] }, startedAt);
  return known.get(identity) ?? null;
}

/** {@link findPlannedBatch} for hundreds of deliveries at once: the batches of those that have one, by identity. */
export async function findPlannedBatches(
  database: Queries,
  deliveries: Pick<Delivery, "feed" | "channel"> & { readonly identities: readonly string[] },
  startedAt: string,
): Promise<Map<string, PlannedBatch>> {
  const rows = await database.rows(findBatches, { ...deliveries, startedAt });
  return new Map(
    rows.map(({ id, identity, state, ended_before }) => [identity, { id, state, endedBefore: ended_before === true }]),
  );
}

async function insert(database: Queries, delivery: Delivery): Promise<PlannedBatch | null> {
  const inserted = await database.row(insertBatch, delivery);
  return inserted ? { id: inserted.id, state: "loading", endedBefore: false } : null;
}
