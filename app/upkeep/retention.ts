import type { Database } from "../database/database.js";
import { Session } from "../database/queries.js";
import { type Meaning, meaningOf } from "../database/sqlstates.js";
import { lockTreeShared } from "../places/import-places.sql.js";
import { growDataset, limitWaits, lockDataset } from "../rates/dataset.sql.js";
import { sleep } from "../sleep.js";
import {
  detach,
  drop,
  dropDays,
  finishDetach,
  isOwner,
  limitLockWait,
  listOldMonths,
  readStep,
  readWanted,
  takeMonth,
} from "./retention.sql.js";
import { Turns } from "./turns.js";

/** Which months are dropped. */
export interface RetentionOptions {
  /** Prices older than this many days are deleted, by whole months. */
  readonly retentionDays: number;
  /** Called with the first day of each month before consumers stop seeing it. */
  readonly onMonth?: (month: string) => void;
}

/** The role of this connection does not own the partitions, so it cannot drop them. */
export class NotOwnerError extends Error {
  constructor() {
    super(
      "Old months can only be dropped by the role that owns the tables: run this with the DATABASE_URL of the migrations. None was dropped.",
    );
    this.name = "NotOwnerError";
  }
}

/**
 * Errors after which the same step is tried again, with a new look at the partition. Either the lock was not free in
 * time, or there was a deadlock. Or the session of an earlier run, whose process has ended, has just made the step
 * itself: then the partition is already pending or gone.
 */
const LOOK_AGAIN: ReadonlySet<Meaning | undefined> = new Set(["locked", "conflict", "changed", "unmigrated"]);
const PARENTS = ["daily_rates", "prices"] as const;
const RETRY_MS = 1_000;
const MOST_TRIES = 120;

/**
 * Drops the months that ended `retentionDays` ago or earlier, unless a batch that is not finished has prices of them.
 * First, one short transaction hides the month from consumers and raises the dataset version. Then the partitions of
 * the month are detached and dropped, which frees their space at once. Prices of the month that workers load in the
 * meantime wait aside; the audit of their batch makes the month again. If the process is killed, the next call goes on.
 * @returns the months that were dropped (first days).
 * @throws {NotOwnerError} with nothing changed, if the role may not drop tables. A function that belongs to the owner
 * cannot help: DETACH … CONCURRENTLY does not run inside of functions, and a plain DETACH would make every reader wait.
 * @throws {UpkeepError} after all other work, if a month could not be dropped.
 */
export async function dropOldMonths(
  database: Database,
  { retentionDays, onMonth }: RetentionOptions,
): Promise<string[]> {
  const old = await database.rows(listOldMonths, { retentionDays });
  if (old.length > 0 && !(await database.row(isOwner))?.owner) throw new NotOwnerError();
  const turns = new Turns(database.patience.signal);
  const dropped: string[] = [];
  for (const { month } of old) {
    await turns.take(`${month.slice(0, 7)} was not dropped`, async () => {
      if (await dropMonth(database, month, onMonth)) dropped.push(month);
    });
  }
  turns.end();
  return dropped;
}

/**
 * @returns false if a batch that is being loaded has prices of the month. Then only a drop that had begun before is
 * finished.
 */
async function dropMonth(database: Database, month: string, onMonth?: RetentionOptions["onMonth"]): Promise<boolean> {
  const { signal } = database.patience;
  // A connection of its own, without a transaction: Postgres detaches a partition beside readers only outside of one.
  const client = await database.pool.connect();
  const session = new Session(client);
  try {
    await session.run(limitLockWait);
    await untilFree(() => session.run(takeMonth, { month }), signal);
    const wanted = (await session.row(readWanted, { month }))?.wanted === true;
    if (!wanted) {
      onMonth?.(month);
      await untilFree(() => database.transaction((other) => hide(other, month)), signal);
    }
    for (const parent of PARENTS) {
      const partition = `${parent}_${month.slice(0, 7).replace("-", "_")}`;
      await untilFree(() => dropPartition(session, parent, partition, wanted), signal);
    }
    return !wanted;
  } finally {
    // Closes the connection, which ends the session and its locks.
    client.release(true);
  }
}

async function hide(session: Session, month: string): Promise<void> {
  await session.run(limitWaits);
  await session.run(lockTreeShared);
  await session.run(lockDataset);
  if ((await session.row(dropDays, { month }))?.seen) await session.run(growDataset);
}

async function dropPartition(
  session: Session,
  parent: string,
  partition: string,
  keepAttached: boolean,
): Promise<void> {
  for (;;) {
    const step = (await session.row(readStep, { table: partition }))?.step ?? null;
    if (step === null || (step === "attached" && keepAttached)) return;
    const statements = { attached: detach(parent, partition), pending: finishDetach(parent, partition) };
    await session.run(step === "detached" ? drop(partition) : statements[step]);
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
