import type { Database } from "../database/database.js";
import type { Queries } from "../database/queries.js";
import type { BatchState } from "./batch-state.js";
import type { Delivery } from "./delivery.js";
import { findBatches, insertBatch, setAside } from "./plan.sql.js";

/**
 * Bytes of a piece. Small enough that little is lost with a worker and that two workers end nearly together; large
 * enough (about 600,000 lines, half a second) that the transaction around it costs nothing. Pieces of a stream are held
 * in memory, three at a time, and so are half as large.
 */
export const PIECE_BYTES = 16 * 1024 * 1024;
/** Of a stream, see {@link PIECE_BYTES}. */
export const STREAM_PIECE_BYTES = PIECE_BYTES / 2;

/** The batch that a delivery is. */
export interface PlannedBatch {
  readonly id: number;
  readonly state: BatchState;
  /** It had ended, one way or the other, before this run began. */
  readonly endedBefore: boolean;
}

/**
 * The batch of this delivery: planned now, with all its pieces, unless it is known; any number of workers may ask at
 * the same time and get the same one.
 * @param startedAt when this run began, by the database's clock. A batch that had failed before is planned again if
 * `again` says so; one that failed since is not: otherwise each of ten pods would try the same bad file in turn.
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
  if (known === null) throw new Error(`The batch of ${delivery.identity} is gone.`);
  if (known.state !== "failed" || !known.endedBefore || !again) return known;
  return database.transaction(async (session) => {
    await session.run(setAside, { batchId: known.id });
    // Another worker may have planned the same delivery a moment before.
    return (await insert(session, delivery)) ?? (await findPlannedBatch(session, delivery, startedAt)) ?? known;
  });
}

/** The batch of this delivery, if it has been planned already. */
export async function findPlannedBatch(
  database: Queries,
  { feed, channel, identity }: Pick<Delivery, "feed" | "channel" | "identity">,
  startedAt: string,
): Promise<PlannedBatch | null> {
  const known = await findPlannedBatches(database, { feed, channel, identities: [identity] }, startedAt);
  return known.get(identity) ?? null;
}

/** {@link findPlannedBatch} for hundreds of deliveries at once: those that have been planned already, by identity. */
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
