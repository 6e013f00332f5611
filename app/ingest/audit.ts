import { setTimeout as sleep } from "node:timers/promises";
import type pg from "pg";
import { inTransaction } from "../database/transaction.js";
import { retryTransient } from "../database/transient.js";
import { lockTreeShared } from "../places/import-places.sql.js";
import {
  beginAudit,
  boundMonth,
  claimMonth,
  compareTotals,
  endAudit,
  listMonthsToAudit,
  lockAudited,
  rollUpMonth,
  showMonth,
} from "./audit.sql.js";
import { BatchNotFoundError, BatchStateError } from "./batch-error.js";
import type { BatchState } from "./batch-state.js";
import { combineChecksums } from "./checksum.js";
import { failBatch } from "./fail.js";
import { findDuplicate, setDuplicate } from "./publish.sql.js";
import { limitWaits, lockDataset } from "./visibility.sql.js";

export interface AuditOptions {
  /** Stops after the statement that runs; the batch stays auditing and anyone can go on. */
  readonly signal?: AbortSignal;
  /** Told after each month that this call made. */
  readonly onMonth?: (month: string) => void;
}

export interface AuditReport {
  /** `audited`, or where the batch ended instead: `duplicate`, `failed`, or further on if others were faster. */
  readonly state: BatchState;
  /** The published batch that this one repeats. */
  readonly duplicateOf: number | null;
  /** Why it failed. */
  readonly failure: string | null;
}

/** How often a worker looks whether the months that others hold are done. */
const WAIT_MS = 200;
/** How long one month is tried again while the database fails over. */
const RETRY_FOR_MS = 60_000;

/**
 * Makes the daily rates of a batch whose pieces are all loaded, and checks its prices against what the pieces reported:
 * `audited` if they agree, `failed` if not, `duplicate` if it repeats a published batch.
 *
 * Any number of workers may call this for the same batch: each takes the next month that nobody has, and all return
 * when the last is done. A month is one transaction, and what claims it is a lock of that transaction rather than a
 * lease: a worker that dies, or whose connection breaks, frees it at once, and no clock is involved. Months that are
 * done are not done again.
 * @throws {BatchNotFoundError}
 * @throws {BatchStateError} while pieces are missing.
 */
export async function auditBatch(pool: pg.Pool, batchId: number, options: AuditOptions = {}): Promise<AuditReport> {
  const { rows } = await patiently(options, () =>
    pool.query<{ state: BatchState; planned: boolean; unfinished: number }>(beginAudit, [batchId]),
  );
  const begun = rows[0];
  if (!begun) throw new BatchNotFoundError(batchId);
  if (begun.state === "loading") {
    const missing = begun.planned ? `${begun.unfinished} of its pieces are not loaded` : "its pieces are not all known";
    throw new BatchStateError(batchId, "loading", `Batch ${batchId} cannot be audited: ${missing}.`);
  }
  if (begun.state === "auditing") {
    await makeMonths(pool, batchId, options);
    await patiently(options, () => inTransaction(pool, (client) => finish(client, batchId)));
  }
  return report(pool, batchId, options);
}

async function makeMonths(pool: pg.Pool, batchId: number, options: AuditOptions): Promise<void> {
  for (;;) {
    const { rows } = await patiently(options, () => pool.query<{ month: string }>(listMonthsToAudit, [batchId]));
    if (rows.length === 0) return;
    let made = 0;
    for (const { month } of rows) {
      const outcome = await patiently(options, () =>
        inTransaction(pool, (client) => makeMonth(client, batchId, month)),
      );
      if (outcome === "ended") return;
      if (outcome === "made") {
        made += 1;
        options.onMonth?.(month);
      }
    }
    if (made === 0) await sleep(WAIT_MS, undefined, options.signal ? { signal: options.signal } : {});
  }
}

async function makeMonth(client: pg.ClientBase, batchId: number, month: string): Promise<"made" | "left" | "ended"> {
  await client.query(boundMonth);
  await client.query(lockTreeShared);
  const claim = await client.query<{ claimed: boolean }>(claimMonth, [batchId, month]);
  if (!claim.rows[0]?.claimed) return "left";
  const { rows } = await client.query<{ state: BatchState; made: boolean }>(showMonth, [batchId, month]);
  if (rows[0]?.state !== "auditing") return "ended";
  if (rows[0].made) return "left";
  const { rowCount } = await client.query(rollUpMonth, [batchId, month]);
  // Without this, a month whose prices are gone would be tried for ever; the totals say what is missing.
  return rowCount === 0 ? "ended" : "made";
}

/** Compares and decides; does nothing if another worker did so first. */
async function finish(client: pg.ClientBase, batchId: number): Promise<void> {
  await client.query(limitWaits);
  await client.query(lockDataset);
  const locked = await client.query<{ state: BatchState }>(lockAudited, [batchId]);
  if (locked.rows[0]?.state !== "auditing") return;
  const { rows } = await client.query<{
    rows: string;
    price_sum: string;
    checksums: string[] | null;
    found_rows: string;
    found_price_sum: string;
  }>(compareTotals, [batchId]);
  const totals = rows[0];
  if (!totals) throw new BatchNotFoundError(batchId);
  if (totals.rows !== totals.found_rows || totals.price_sum !== totals.found_price_sum) {
    await failBatch(
      client,
      batchId,
      `The audit found ${totals.found_rows} prices with a sum of ${totals.found_price_sum}, but ${totals.rows} with a sum of ${totals.price_sum} were loaded.`,
    );
    return;
  }
  await client.query(endAudit, [batchId, combineChecksums(totals.checksums ?? [])]);
  const duplicate = await client.query<{ id: number }>(findDuplicate, [batchId]);
  if (duplicate.rows[0]) await client.query(setDuplicate, [batchId, duplicate.rows[0].id]);
}

async function report(pool: pg.Pool, batchId: number, options: AuditOptions): Promise<AuditReport> {
  const { rows } = await patiently(options, () =>
    pool.query<{ state: BatchState; duplicate_of: number | null; failure: string | null }>(
      "SELECT state, duplicate_of, failure FROM batches WHERE id = $1",
      [batchId],
    ),
  );
  if (!rows[0]) throw new BatchNotFoundError(batchId);
  return { state: rows[0].state, duplicateOf: rows[0].duplicate_of, failure: rows[0].failure };
}

function patiently<T>(options: AuditOptions, attempt: () => Promise<T>): Promise<T> {
  options.signal?.throwIfAborted();
  return retryTransient(attempt, {
    deadlineMs: Date.now() + RETRY_FOR_MS,
    ...(options.signal ? { signal: options.signal } : {}),
  });
}
