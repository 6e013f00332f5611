import { type NoParams, statement } from "../database/statement.js";

/**
 * The one lock of everything that changes what consumers see (publish, retract, compaction's flip, retention, place
 * imports): the row of `dataset`, taken before any row of `batches` and `batch_days`. These transactions are short, so
 * one at a time costs nothing, and no two can wait for each other. Order of all locks of ingest:
 *
 * 1. `ratesapp.tree` (shared by sessions that write daily_rates, exclusive for a place import),
 * 2. a month of a batch (audit, reclaim), a small batch (audit) or a month of a feed (compaction),
 * 3. the row of `dataset`,
 * 4. rows of `batches`, then of `batch_days`.
 */
export const lockDataset = statement("SELECT FROM dataset FOR UPDATE");

/**
 * An idle holder of these locks would stop every publish, as when its host vanishes between two statements; the server
 * ends it. A transaction that waits gives up in time to answer the user. Both end with the transaction.
 */
export const limitWaits = statement(`
  SELECT set_config('idle_in_transaction_session_timeout', '10s', true), set_config('lock_timeout', '15s', true)`);

export const growDataset = statement<NoParams, { version: string }>(`
  UPDATE dataset SET version = version + 1, changed_at = date_trunc('milliseconds', clock_timestamp())
  RETURNING version`);
