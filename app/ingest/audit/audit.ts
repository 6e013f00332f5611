import type pg from "pg";
import { BatchNotFoundError, BatchStateError } from "../../batches/batch-error.js";
import type { BatchState } from "../../batches/batch-state.js";
import { failBatch } from "../../batches/fail.js";
import { readState } from "../../batches/fail.sql.js";
import { findDuplicate, setDuplicate } from "../../batches/publish.sql.js";
import { Database } from "../../database/database.js";
import { type Patience, patiently } from "../../database/patiently.js";
import { Session } from "../../database/queries.js";
import { shortStatement } from "../../database/short-statement.js";
import { meaningOf } from "../../database/sqlstates.js";
import { inTransaction } from "../../database/transaction.js";
import { lockTreeShared } from "../../places/import-places.sql.js";
import { addDays, countDays } from "../../rates/calendar.js";
import { limitWaits, lockDataset } from "../../rates/dataset.sql.js";
import { combineChecksums } from "../../rates/roll-up/checksum.js";
import { rollUpPrices } from "../../rates/roll-up/roll-up-prices.js";
import { createSums, type Sums } from "../../rates/roll-up/sums.js";
import { sleep } from "../../sleep.js";
import { ensureMonths } from "../load/ensure-months.js";
import {
  beginAudit,
  boundPart,
  claimPart,
  compareTotals,
  countParts,
  endAudit,
  forgetParts,
  insertDays,
  listMonthsAside,
  lockAudited,
  placePrices,
  setPartDone,
  splitPart,
  summarizeMonths,
} from "./audit.sql.js";

/** Asked to stop, it does so at once; the batch stays auditing and anyone can go on. */
export interface AuditOptions extends Patience {
  /** Told after each part that this call made. */
  readonly onPart?: () => unknown;
  /** What the sums of a part may take (24 MiB); one that needs more is split. */
  readonly bytes?: number;
}

export interface AuditReport {
  /** `audited`, or where the batch ended instead: `duplicate`, `failed`, or further on if others were faster. */
  readonly state: BatchState;
  /** The published batch that this one repeats. */
  readonly duplicateOf: number | null;
  /** Why it failed. */
  readonly failure: string | null;
}

const BYTES = 24 * 1024 * 1024;
/** Prices that make a part of a month worth its own pass over the month. */
const PRICES_PER_PART = 2_500_000;
/** How often a worker looks whether the parts that others hold are done. */
const WAIT_MS = 100;

/**
 * Makes the daily rates of a batch whose pieces are all loaded, and checks its prices against what the pieces reported:
 * `audited` if they agree, `failed` if not, `duplicate` if it repeats a published batch.
 *
 * ```ts
 * const [{ state }] = await Promise.all([auditBatch(pool, 7), auditBatch(pool, 7)]); // with two connections
 * ```
 * Any number of workers may call this for the same batch: each takes the next part that nobody has, and all return
 * when the last is done. A part is one transaction, and what claims it is a lock of that transaction rather than a
 * lease: a worker that dies, or whose connection breaks, frees it at once, and no clock is involved. Parts that are
 * done are not done again.
 * @throws {BatchNotFoundError}
 * @throws {BatchStateError} while pieces are missing.
 */
export async function auditBatch(pool: pg.Pool, batchId: number, options: AuditOptions = {}): Promise<AuditReport> {
  try {
    if ((await begin(pool, batchId, options)) === "auditing") await audit(pool, batchId, options);
  } catch (error) {
    // Or it would be audited again by every run from now on, and keep each from ending well.
    if (meaningOf(error) !== "lasting") throw error;
    await failBatch(new Database(pool, options), batchId, failureOf(error), true);
  }
  return report(pool, batchId, options);
}

/** What rates can hold exactly. */
const MOST_OF_A_DAY = Number.MAX_SAFE_INTEGER.toLocaleString("en-US");

function failureOf(error: unknown): string {
  const { constraint, detail, message } = error as Partial<pg.DatabaseError>;
  if (constraint !== "batch_days_price_sum_check") {
    return `Its audit fails each time, and so would another try: ${message}.`;
  }
  const day = /\d{4}-\d\d-\d\d/.exec(detail ?? "")?.[0] ?? "a day";
  return `The prices of ${day} add up to more than the ${MOST_OF_A_DAY} dollars that a day may have in one batch: repair those that are wrong, or deliver the day in several batches.`;
}

async function begin(pool: pg.Pool, batchId: number, options: AuditOptions): Promise<BatchState> {
  for (;;) {
    const { rows } = await patiently(options, () =>
      pool.query<{ state: BatchState; planned: boolean; unfinished: number }>(
        shortStatement({ text: beginAudit, values: [batchId, PRICES_PER_PART] }),
      ),
    );
    const batch = rows[0];
    if (!batch) throw new BatchNotFoundError(batchId);
    if (batch.state !== "loading") return batch.state;
    if (!batch.planned || batch.unfinished > 0) {
      const missing = batch.planned
        ? `${batch.unfinished} of its pieces are not loaded`
        : "not all its pieces are known";
      throw new BatchStateError(batchId, "loading", `Batch ${batchId} cannot be audited: ${missing}.`);
    }
    // Somebody else began in the same instant; the next look sees it.
  }
}

async function audit(pool: pg.Pool, batchId: number, options: AuditOptions): Promise<void> {
  await patiently(options, () => makeMonths(pool, batchId));
  await patiently(options, () =>
    inTransaction(pool, (client) => client.query(summarizeMonths, [batchId, PRICES_PER_PART]), options.signal),
  );
  await makeParts(pool, batchId, options);
  await patiently(options, () => inTransaction(pool, (client) => finish(client, batchId), options.signal));
}

/** A month of the batch is being dropped. The code makes it worth a wait, as a lock that was not to be had. */
class MonthBusyError extends Error {
  readonly code = "55P03";
}

async function makeMonths(pool: pg.Pool, batchId: number): Promise<void> {
  const { rows } = await pool.query<{ month: string }>(shortStatement({ text: listMonthsAside, values: [batchId] }));
  const months = rows.map(({ month }) => month);
  if (!(await ensureMonths(pool, months))) throw new MonthBusyError("a month of the batch is being dropped");
}

async function makeParts(pool: pg.Pool, batchId: number, options: AuditOptions): Promise<void> {
  const sums = createSums(options.bytes ?? BYTES);
  for (;;) {
    const made = await patiently(options, () =>
      inTransaction(pool, (client) => makePart(client, batchId, sums), options.signal),
    );
    if (made) {
      options.onPart?.();
      continue;
    }
    const { rows } = await patiently(options, () =>
      pool.query<{ unfinished: number }>(shortStatement({ text: countParts, values: [batchId] })),
    );
    if (!rows[0]?.unfinished) return;
    await sleep(WAIT_MS, options.signal);
  }
}

/** @returns false if there is nothing to do, or nothing that nobody else does. */
async function makePart(client: pg.ClientBase, batchId: number, sums: Sums): Promise<boolean> {
  await client.query(boundPart);
  await client.query(lockTreeShared.text);
  const claimed = await client.query<{ from_day: string; to_day: string }>(claimPart, [batchId]);
  if (!claimed.rows[0]) return false;
  const { from_day: fromDay, to_day: toDay } = claimed.rows[0];
  const { rows } = await client.query<{ state: BatchState }>(readState.text, [batchId]);
  if (rows[0]?.state !== "auditing") return false;
  await client.query(placePrices, [batchId, fromDay, toDay]);
  const totals = await rollUpPrices(new Session(client), { batchId, fromDay, toDay }, sums);
  if (totals === null) {
    const middle = addDays(fromDay, Math.floor((countDays(fromDay, toDay) - 1) / 2));
    await client.query(splitPart, [batchId, fromDay, middle]);
    return true;
  }
  const { checksum, days } = totals;
  await client.query(insertDays, [
    batchId,
    fromDay,
    days.map(({ day }) => day),
    days.map(({ prices }) => prices),
    days.map(({ priceSum }) => priceSum),
  ]);
  await client.query(setPartDone, [batchId, fromDay, checksum]);
  return true;
}

/** Compares and decides; does nothing if another worker did so first. */
async function finish(client: pg.ClientBase, batchId: number): Promise<void> {
  await client.query(limitWaits.text);
  await client.query(lockDataset.text);
  const locked = await client.query<{ state: BatchState }>(lockAudited, [batchId]);
  if (locked.rows[0]?.state !== "auditing") return;
  const { rows } = await client.query<{
    rows: string;
    price_sum: string;
    checksums: string[] | null;
    found_rows: string;
    found_price_sum: string;
    found_checksums: string[] | null;
  }>(compareTotals, [batchId]);
  await client.query(forgetParts, [batchId]);
  const totals = rows[0];
  if (!totals) throw new BatchNotFoundError(batchId);
  const checksum = combineChecksums(totals.checksums ?? []);
  const foundChecksum = combineChecksums(totals.found_checksums ?? []);
  const loaded = `${totals.rows} prices with a sum of ${totals.price_sum} and the checksum ${checksum}`;
  const found = `${totals.found_rows} prices with a sum of ${totals.found_price_sum} and the checksum ${foundChecksum}`;
  if (found !== loaded) {
    await failBatch(new Session(client), batchId, `The audit found ${found}, but ${loaded} were loaded.`);
    return;
  }
  await client.query(endAudit, [batchId, checksum]);
  const duplicate = await client.query<{ id: number }>(findDuplicate.text, [batchId]);
  if (duplicate.rows[0]) await new Session(client).run(setDuplicate, { batchId, duplicateOf: duplicate.rows[0].id });
}

async function report(pool: pg.Pool, batchId: number, options: AuditOptions): Promise<AuditReport> {
  const { rows } = await patiently(options, () =>
    pool.query<{ state: BatchState; duplicate_of: number | null; failure: string | null }>(
      shortStatement({ text: "SELECT state, duplicate_of, failure FROM batches WHERE id = $1", values: [batchId] }),
    ),
  );
  if (!rows[0]) throw new BatchNotFoundError(batchId);
  return { state: rows[0].state, duplicateOf: rows[0].duplicate_of, failure: rows[0].failure };
}
