import type { Database } from "../database/database.js";
import type { Queries, Session } from "../database/queries.js";
import type { BatchState } from "./batch-state.js";
import type { Delivery } from "./delivery.js";
import { findBatch, insertBatch, insertPieces, setAside } from "./plan.sql.js";

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
export function planBatch(
  database: Database,
  delivery: Delivery,
  startedAt: string,
  again: boolean,
): Promise<PlannedBatch> {
  return database.transaction(async (session) => {
    // Looked up first, because an INSERT that finds the batch there still uses up a batch number.
    let known = await findPlannedBatch(session, delivery, startedAt);
    if (known === null) {
      const id = await insert(session, delivery);
      if (id !== null) return { id, state: "loading", endedBefore: false };
      known = await findPlannedBatch(session, delivery, startedAt);
    }
    if (known === null) throw new Error(`The batch of ${delivery.identity} is gone.`);
    if (known.state !== "failed" || !known.endedBefore || !again) return known;
    await session.run(setAside, { batchId: known.id });
    const second = await insert(session, delivery);
    // Another worker has just planned the same delivery.
    if (second === null) return (await findPlannedBatch(session, delivery, startedAt)) ?? known;
    return { id: second, state: "loading", endedBefore: false };
  });
}

/** The batch of this delivery, if it has been planned already. */
export async function findPlannedBatch(
  database: Queries,
  { feed, channel, identity }: Pick<Delivery, "feed" | "channel" | "identity">,
  startedAt: string,
): Promise<PlannedBatch | null> {
  const row = await database.row(findBatch, { feed, channel, identity, startedAt });
  return row ? { id: row.id, state: row.state, endedBefore: row.ended_before === true } : null;
}

async function insert(session: Session, delivery: Delivery): Promise<number | null> {
  const { bytes, pieceBytes } = delivery;
  const inserted = await session.row(insertBatch, { ...delivery, planned: bytes !== null });
  if (inserted === undefined) return null;
  if (bytes !== null) await session.run(insertPieces, { batchId: inserted.id, bytes, pieceBytes });
  return inserted.id;
}
