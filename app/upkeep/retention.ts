import type pg from "pg";
import { type Meaning, meaningOf } from "../database/sqlstates.js";
import { inTransaction } from "../database/transaction.js";
import { lockTreeShared } from "../places/import-places.sql.js";
import { growDataset, limitWaits, lockDataset } from "../rates/dataset.sql.js";
import { sleep } from "../sleep.js";
import {
  detach,
  drop,
  dropDays,
  finishDetach,
  isOwner,
  listOldMonths,
  showStep,
  showWanted,
  takeMonth,
} from "./retention.sql.js";
import { Turns } from "./turns.js";

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
const LOOK_AGAIN: ReadonlySet<Meaning | undefined> = new Set(["locked", "conflict", "changed", "unmigrated"]);
const PARENTS = ["daily_rates", "prices"] as const;
/** A wait longer than this gives way to whoever came behind, and is tried again. */
const LOCK_TIMEOUT = "2s";
const RETRY_MS = 1_000;
const MOST_TRIES = 120;

/**
 * Drops the months of prices that ended `retentionDays` ago or earlier, unless a batch that is not finished has prices of
 * them. Consumers stop seeing a month in one short transaction, which grows the dataset version; then its partitions are
 * detached and dropped, so its space is back at once. What is loaded of it meanwhile waits aside for its audit, which
 * makes the month again. Killed at any point, the next call goes on.
 * @returns the months that were dropped (first days).
 * @throws {NotOwnerError} with nothing changed, if the role may not drop tables. A function of the owner's cannot do
 * it for others: DETACH … CONCURRENTLY runs in no function, and without it every reader would wait.
 * @throws {UpkeepError} behind the last, if a month could not be dropped.
 */
export async function dropOldMonths(pool: pg.Pool, options: RetentionOptions): Promise<string[]> {
  const { rows } = await pool.query<{ month: string }>(listOldMonths, [options.retentionDays]);
  if (rows.length > 0 && !(await pool.query<{ owner: boolean }>(isOwner)).rows[0]?.owner) throw new NotOwnerError();
  const turns = new Turns(options.signal);
  const dropped: string[] = [];
  for (const { month } of rows) {
    await turns.take(`${month.slice(0, 7)} was not dropped`, async () => {
      if (await dropMonth(pool, month, options)) dropped.push(month);
    });
  }
  turns.end();
  return dropped;
}

/** @returns false if a batch is loaded that has prices of it; only what had left before is ended then. */
async function dropMonth(pool: pg.Pool, month: string, options: RetentionOptions): Promise<boolean> {
  const { signal } = options;
  const client = await pool.connect();
  try {
    await client.query(`SET lock_timeout = '${LOCK_TIMEOUT}'`);
    await untilFree(() => client.query(takeMonth, [month]), signal);
    const { rows } = await client.query<{ wanted: boolean }>(showWanted, [month]);
    const wanted = rows[0]?.wanted === true;
    if (!wanted) {
      options.onMonth?.(month);
      await untilFree(() => inTransaction(pool, (other) => hide(other, month), signal), signal);
    }
    for (const parent of PARENTS) {
      const partition = `${parent}_${month.slice(0, 7).replace("-", "_")}`;
      await untilFree(() => dropPartition(client, parent, partition, wanted), signal);
    }
    return !wanted;
  } finally {
    // With what the session holds.
    client.release(true);
  }
}

async function hide(client: pg.ClientBase, month: string): Promise<void> {
  await client.query(limitWaits.text);
  await client.query(lockTreeShared);
  await client.query(lockDataset.text);
  const { rows } = await client.query<{ seen: number }>(dropDays, [month]);
  if (rows[0]?.seen) await client.query(growDataset.text);
}

async function dropPartition(
  client: pg.ClientBase,
  parent: string,
  partition: string,
  keepAttached: boolean,
): Promise<void> {
  for (;;) {
    const { rows } = await client.query<{ step: "attached" | "pending" | "detached" | null }>(showStep, [partition]);
    const step = rows[0]?.step ?? null;
    if (step === null || (step === "attached" && keepAttached)) return;
    const statements = { attached: detach(parent, partition), pending: finishDetach(parent, partition) };
    await client.query(step === "detached" ? drop(partition) : statements[step]);
  }
}

async function untilFree(attempt: () => Promise<unknown>, signal: AbortSignal | undefined): Promise<void> {
  for (let tries = 1; ; tries += 1) {
    signal?.throwIfAborted();
    try {
      await attempt();
      return;
    } catch (error) {
      if (!LOOK_AGAIN.has(meaningOf(error)) || tries === MOST_TRIES) throw error;
      await sleep(RETRY_MS, signal);
    }
  }
}
