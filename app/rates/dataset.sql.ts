import { type NoParams, statement } from "../database/statement.js";

/**
 * The one lock of everything that changes what consumers see: publish, retract, the switch of a compaction, retention
 * and place imports. It is the lock of the row of `dataset`, and is taken before any row of `batches` and `batch_days`.
 * These transactions are short, so running one at a time costs nothing, and no two of them can wait for each other. All
 * locks of ingest are taken in this order:
 *
 * 1. `ratesapp.tree` (shared by sessions that write daily_rates, exclusive for a place import),
 * 2. a month of a batch (audit, reclaim), a small batch (audit) or a month of a feed (compaction),
 * 3. the row of `dataset`,
 * 4. rows of `batches`, then of `batch_days`.
 */
export const lockDataset = statement("SELECT FROM dataset FOR UPDATE");

/**
 * Limits that end with the transaction. A session that holds these locks and stays idle, as when its host vanishes
 * between two statements, would stop every publish; the server ends it. A transaction that waits for a lock gives up
 * soon enough for the user to get an answer.
 */
export const limitWaits = statement(`
  SELECT set_config('idle_in_transaction_session_timeout', '10s', true), set_config('lock_timeout', '15s', true)`);

/** Raises the dataset version by one and returns the new one. */
export const growDataset = statement<NoParams, { version: string }>(`
  UPDATE dataset SET version = version + 1, changed_at = date_trunc('milliseconds', clock_timestamp())
  RETURNING version`);
