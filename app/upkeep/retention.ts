import { setTimeout as sleep } from "node:timers/promises";
import type pg from "pg";
import { inTransaction } from "../database/transaction.js";
import { lockTreeShared } from "../places/import-places.sql.js";
import { growDataset, limitWaits, lockDataset } from "../rates/dataset.sql.js";
import { detach, drop, dropDays, finishDetach, isOwner, listOldMonths, showPartition } from "./retention.sql.js";

export interface RetentionOptions {
  /** Prices of days older than this go, by whole months. */
  readonly retentionDays: number;
  readonly signal?: AbortSignal;
  readonly onMonth?: (month: string) => void;
}

/** Partitions can only be dropped by the role that owns them. */
export class NotOwnerError extends Error {
  constructor() {
    super(
      "Old months can only be dropped by the role that owns the tables: run this with the DATABASE_URL of the migrations. None was dropped.",
    );
    this.name = "NotOwnerError";
  }
}

/**
 * A lock that was not to be had, a deadlock; and a step that a session of a run before, whose process is gone, has just
 * made itself: it is pending already, or gone.
 */
const LOOK_AGAIN = new Set(["55P03", "40P01", "55000", "42P01"]);
const PARENTS = ["daily_rates", "prices"] as const;
/** A wait longer than this gives way to whoever came behind, and is tried again. */
const LOCK_TIMEOUT = "2s";
const RETRY_MS = 1_000;
const MOST_TRIES = 120;

/**
 * Drops the months of prices that ended `retentionDays` ago or earlier. Consumers stop seeing a month in one short
 * transaction, which grows the dataset version; then its partitions are detached and dropped, so its space is back at
 * once. Killed at any point, the next call goes on.
 * @returns the months that were dropped (first days).
 * @throws {NotOwnerError} with nothing changed, if the role may not drop tables. A function of the owner's cannot do
 * it for others: DETACH … CONCURRENTLY runs in no function, and without it every reader would wait.
 */
export async function dropOldMonths(pool: pg.Pool, options: RetentionOptions): Promise<string[]> {
  const { rows } = await pool.query<{ month: string }>(listOldMonths, [options.retentionDays]);
  if (rows.length > 0 && !(await pool.query<{ owner: boolean }>(isOwner)).rows[0]?.owner) throw new NotOwnerError();
  for (const { month } of rows) {
    options.signal?.throwIfAborted();
    await inTransaction(pool, (client) => hide(client, month));
  }
  for (const { month } of rows) {
    options.onMonth?.(month);
    for (const parent of PARENTS) await dropPartition(pool, parent, month, options);
  }
  return rows.map((row) => row.month);
}

async function hide(client: pg.ClientBase, month: string): Promise<void> {
  await client.query(limitWaits);
  await client.query(lockTreeShared);
  await client.query(lockDataset);
  const { rows } = await client.query<{ seen: number }>(dropDays, [month]);
  if (rows[0]?.seen) await client.query(growDataset);
}

async function dropPartition(pool: pg.Pool, parent: string, month: string, options: RetentionOptions): Promise<void> {
  const partition = `${parent}_${month.slice(0, 7).replace("-", "_")}`;
  for (let tries = 1; ; ) {
    options.signal?.throwIfAborted();
    const { rows } = await pool.query<{ step: "attached" | "pending" | "detached" }>(showPartition, [partition]);
    const step = rows[0]?.step;
    if (step === undefined) return;
    try {
      await alone(
        pool,
        { attached: detach(parent, partition), pending: finishDetach(parent, partition), detached: drop(partition) }[
          step
        ],
      );
    } catch (error) {
      const { code } = error as { code?: string };
      if (!LOOK_AGAIN.has(String(code)) || tries === MOST_TRIES) throw error;
      tries += 1;
      await sleep(RETRY_MS, undefined, options.signal ? { signal: options.signal } : {});
    }
  }
}

/** Outside of a transaction, as DETACH … CONCURRENTLY must be. */
async function alone(pool: pg.Pool, statement: string): Promise<void> {
  const client = await pool.connect();
  let broken: Error | undefined;
  try {
    await client.query(`SET lock_timeout = '${LOCK_TIMEOUT}'`);
    await client.query(statement);
  } finally {
    await client.query("RESET lock_timeout").catch((error: Error) => {
      broken = error;
    });
    client.release(broken);
  }
}
