import type pg from "pg";
import { inTransaction } from "../database/transaction.js";
import type { BatchState } from "./batch-state.js";
import { findBatch, freeIdentity, insertBatch, insertPieces } from "./plan.sql.js";

/**
 * Bytes of a piece. Small enough that little is lost with a worker and that two workers end nearly together; large
 * enough (about 600,000 lines, half a second) that the transaction around it costs nothing. A stream's are held in
 * memory, three at a time, and so are half as large.
 */
export const PIECE_BYTES = 16 * 1024 * 1024;
export const STREAM_PIECE_BYTES = PIECE_BYTES / 2;

export interface Delivery {
  readonly feed: string;
  /** Where it comes from, for the record. */
  readonly source: string;
  readonly identity: string;
  readonly mode: "append" | "replace";
  /** Bytes of an object that can be read in ranges; null for one that is cut into pieces as it is read. */
  readonly bytes: number | null;
  readonly pieceBytes: number;
  readonly maxBadRows: number;
  /** Limit of its processing time. */
  readonly deadlineSeconds: number | null;
}

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
 * `again` says so; one that failed since is not, or each of ten pods would try a hopeless file in turn.
 */
export async function planBatch(
  pool: pg.Pool,
  delivery: Delivery,
  startedAt: string,
  again: boolean,
): Promise<PlannedBatch> {
  return inTransaction(pool, async (client) => {
    // Asked first, because an INSERT that meets a known one still takes a batch number.
    let known = await findPlannedBatch(client, delivery, startedAt);
    if (known === null) {
      const id = await insert(client, delivery);
      if (id !== null) return { id, state: "loading", endedBefore: false };
      known = await findPlannedBatch(client, delivery, startedAt);
    }
    if (known === null) throw new Error(`The batch of ${delivery.identity} is gone.`);
    if (known.state !== "failed" || !known.endedBefore || !again) return known;
    await client.query(freeIdentity, [known.id]);
    const second = await insert(client, delivery);
    // Another worker was faster with the same.
    if (second === null) return (await findPlannedBatch(client, delivery, startedAt)) ?? known;
    return { id: second, state: "loading", endedBefore: false };
  });
}

/** The batch of this delivery if anyone has planned it. */
export async function findPlannedBatch(
  database: pg.Pool | pg.ClientBase,
  delivery: Pick<Delivery, "feed" | "identity">,
  startedAt: string,
): Promise<PlannedBatch | null> {
  const { rows } = await database.query<{ id: number; state: BatchState; ended_before: boolean | null }>(findBatch, [
    delivery.feed,
    delivery.identity,
    startedAt,
  ]);
  const row = rows[0];
  return row ? { id: row.id, state: row.state, endedBefore: row.ended_before === true } : null;
}

async function insert(client: pg.ClientBase, delivery: Delivery): Promise<number | null> {
  const { rows } = await client.query<{ id: number }>(insertBatch, [
    delivery.feed,
    delivery.source,
    delivery.identity,
    delivery.mode,
    delivery.bytes !== null,
    delivery.bytes,
    delivery.maxBadRows,
    delivery.deadlineSeconds,
  ]);
  const id = rows[0]?.id;
  if (id === undefined) return null;
  if (delivery.bytes !== null) await client.query(insertPieces, [id, delivery.bytes, delivery.pieceBytes]);
  return id;
}
