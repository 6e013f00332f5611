import type pg from "pg";
import { BatchNotFoundError, BatchStateError } from "../../batches/batch-error.js";
import type { BatchState } from "../../batches/batch-state.js";
import { failBatch } from "../../batches/fail.js";
import { readState } from "../../batches/fail.sql.js";
import type { Database } from "../../database/database.js";
import type { Session } from "../../database/queries.js";
import { meaningOf } from "../../database/sqlstates.js";
import { lockTreeShared } from "../../places/import-places.sql.js";
import { addDays, countDays } from "../../rates/calendar.js";
import { limitWaits, lockDataset } from "../../rates/dataset.sql.js";
import { rollUpPrices } from "../../rates/roll-up/roll-up-prices.js";
import { SpareSums, type Sums } from "../../rates/roll-up/spare-sums.js";
import { sleep } from "../../sleep.js";
import { ensureMonths } from "../load/ensure-months.js";
import { MonthBusyError } from "../load/load-error.js";
import {
  beginAudit,
  boundPart,
  claimPart,
  countParts,
  forgetParts,
  listMonthsAside,
  lockAudited,
  placePrices,
  readOutcome,
  setPartDone,
  splitPart,
  summarizeMonths,
} from "./audit.sql.js";
import { type AuditReport, type EndOptions, endAudit, writeDays } from "./end-audit.js";
import { auditSmallBatch } from "./small-batch.js";

/** How an audit is done. */
export interface AuditOptions extends Pick<EndOptions, "findsDuplicate"> {
  /** Called after each part that this call has done. */
  readonly onPart?: () => unknown;
  /** Memory for the sums of a part ({@link SUMS_BYTES} if not given). A part that needs more is split. */
  readonly sums?: SpareSums;
}

export type { AuditReport };

/** Memory for the sums of a part, if the caller gives none. Their histograms may take as much again. */
export const SUMS_BYTES = 24 * 1024 * 1024;
/** With so many prices, a part of a month is worth reading the month once more. */
const PRICES_PER_PART = 2_500_000;
/** How often a worker looks whether the parts of other workers are done. */
const WAIT_MS = 100;

/**
 * Makes the daily rates of a batch whose pieces are all loaded, and compares its prices with what the pieces reported.
 * Then the batch is `audited`, `failed` if the two differ, or `duplicate` if it repeats a published batch.
 *
 * ```ts
 * const [{ state }] = await Promise.all([auditBatch(database, 7), auditBatch(database, 7)]); // with two connections
 * ```
 * Any number of workers may call this for the same batch. Each takes the next free part, and all return when the last
 * part is done. A part is one transaction, and a lock of that transaction claims the part. There is no lease and no
 * clock: a worker that dies, or whose connection breaks, frees its part at once. Parts that are done are not done
 * again. When the database's signal aborts, the call stops at once; the batch stays auditing, and any worker can go on.
 * @throws {BatchNotFoundError}
 * @throws {BatchStateError} if pieces of the batch are not loaded.
 */
export async function auditBatch(
  database: Database,
  batchId: number,
  { sums = new SpareSums(SUMS_BYTES), onPart, ...end }: AuditOptions = {},
): Promise<AuditReport> {
  try {
    const ended = await sums.use((some) => auditSmallBatch(database, batchId, some, end));
    if (ended !== null) return ended;
    if ((await begin(database, batchId)) === "auditing") {
      do await sums.use((some) => makeRates(database, batchId, some, onPart));
      while (!(await database.transaction((session) => finish(session, batchId, end))));
    }
  } catch (error) {
    // An error that will come again fails the batch. Otherwise every later run would audit the batch again, and none
    // would end well.
    if (meaningOf(error) !== "lasting") throw error;
    await failBatch(database, batchId, failureOf(error), true);
  }
  return report(database, batchId);
}

/** The largest sum of a day that rates hold exactly. */
const MOST_OF_A_DAY = Number.MAX_SAFE_INTEGER.toLocaleString("en-US");

function failureOf(error: unknown): string {
  const { constraint, detail, message } = error as Partial<pg.DatabaseError>;
  if (constraint !== "batch_days_price_sum_check") {
    return `Its audit fails each time, and so would another try: ${message}.`;
  }
  const day = /\d{4}-\d\d-\d\d/.exec(detail ?? "")?.[0] ?? "a day";
  return `The prices of ${day} add up to more than the ${MOST_OF_A_DAY} dollars that a day may have in one batch: repair those that are wrong, or deliver the day in several batches.`;
}

async function begin(database: Database, batchId: number): Promise<BatchState> {
  for (;;) {
    const batch = await database.row(beginAudit, { batchId, pricesPerPart: PRICES_PER_PART });
    if (!batch) throw new BatchNotFoundError(batchId);
    if (batch.state !== "loading") return batch.state;
    if (!batch.planned || batch.unfinished > 0) {
      const missing = batch.planned
        ? `${batch.unfinished} of its pieces are not loaded`
        : "not all its pieces are known";
      throw new BatchStateError(batchId, "loading", `Batch ${batchId} cannot be audited: ${missing}.`);
    }
    // Another worker began the audit in the same instant. The next look sees its state.
  }
}

async function makeRates(database: Database, batchId: number, sums: Sums, onPart?: () => unknown): Promise<void> {
  const months = (await database.rows(listMonthsAside, { batchId })).map(({ month }) => month);
  if (!(await ensureMonths(database, months))) throw new MonthBusyError();
  await database.transaction((session) => session.run(summarizeMonths, { batchId, below: PRICES_PER_PART }));
  await makeParts(database, batchId, sums, onPart);
}

async function makeParts(database: Database, batchId: number, sums: Sums, onPart?: () => unknown): Promise<void> {
  for (;;) {
    if (await database.transaction((session) => makePart(session, batchId, sums))) {
      onPart?.();
      continue;
    }
    const left = await database.row(countParts, { batchId });
    if (!left?.unfinished) return;
    await sleep(WAIT_MS, database.signal);
  }
}

/** @returns false if no part is free. */
async function makePart(session: Session, batchId: number, sums: Sums): Promise<boolean> {
  await session.run(boundPart);
  await session.run(lockTreeShared);
  const claimed = await session.row(claimPart, { batchId });
  if (!claimed) return false;
  const { from_day: fromDay, to_day: toDay } = claimed;
  if ((await session.row(readState, { batchId }))?.state !== "auditing") return false;
  await session.run(placePrices, { batchId, fromDay, toDay });
  const totals = await rollUpPrices(session, { batchId, fromDay, toDay }, sums);
  if (totals === null) {
    const middle = addDays(fromDay, Math.floor((countDays(fromDay, toDay) - 1) / 2));
    await session.run(splitPart, { batchId, fromDay, middle });
    return true;
  }
  await writeDays(session, batchId, fromDay, totals);
  await session.run(setPartDone, { batchId, fromDay, checksum: totals.checksum });
  return true;
}

/**
 * Compares the totals and sets the state of the batch. Does nothing if another worker has done so.
 * @returns false if a part has to be done again: when the primary crashes or moves to another server, a part that was
 * done may be lost.
 */
async function finish(session: Session, batchId: number, end: EndOptions): Promise<boolean> {
  await session.run(limitWaits);
  await session.run(lockDataset);
  if ((await session.row(lockAudited, { batchId }))?.state !== "auditing") return true;
  if ((await session.row(countParts, { batchId }))?.unfinished) return false;
  await endAudit(session, batchId, end);
  await session.run(forgetParts, { batchId });
  return true;
}

async function report(database: Database, batchId: number): Promise<AuditReport> {
  const outcome = await database.row(readOutcome, { batchId });
  if (!outcome) throw new BatchNotFoundError(batchId);
  return { state: outcome.state, duplicateOf: outcome.duplicate_of, failure: outcome.failure };
}
