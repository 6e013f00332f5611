import type pg from "pg";
import { shortStatement } from "../database/short-statement.js";
import type { BatchState } from "./batch-state.js";
import { readSummaries } from "./batch-summary.sql.js";

/** One batch as users are shown it. */
export interface BatchSummary {
  readonly id: number;
  readonly feed: string;
  readonly source: string;
  readonly mode: "append" | "replace" | "compaction";
  readonly state: BatchState;
  /** Why it failed. */
  readonly failure: string | null;
  /** An upload of which all that was sent is loaded, and whose sender has not asked to publish it. */
  readonly awaits_publish: boolean;
  /** Loading it again would fail the same way. */
  readonly failed_for_good: boolean;
  /** The published batch that it repeats. */
  readonly duplicate_of: number | null;
  readonly checksum: string | null;
  readonly max_bad_rows: number;
  readonly created_at: Date;
  readonly audited_at: Date | null;
  /** Of its first publish. */
  readonly published_at: Date | null;
  readonly retracted_at: Date | null;
  readonly failed_at: Date | null;
  readonly deadline_at: Date | null;
  /** When this was read, by the database's clock, as all others. */
  readonly read_at: Date;
  readonly pieces: number;
  readonly pieces_loaded: number;
  readonly pieces_failed: number;
  readonly rows: number;
  readonly rejected: number;
  /** Known once everything is loaded. */
  readonly rows_expected: number | null;
  /** Of the source; null while a stream or an upload has not ended. */
  readonly bytes: number | null;
  readonly bytes_loaded: number;
  /** Of the last minute; null unless it is being loaded. */
  readonly rows_per_second: number | null;
  /** Of its audit, while that is under way. */
  readonly audit_parts: number;
  readonly audit_parts_done: number;
  /** How much of its loading and audit is done, from 0 to 1; null unless they are under way and its size is known. */
  readonly progress: number | null;
  /** Of the audit, which is followed by the publish at once; null if that cannot be told. */
  readonly estimated_end: Date | null;
}

export interface ListOptions {
  readonly limit: number;
  /** Go on behind this batch. */
  readonly before?: number;
  readonly feed?: string;
  readonly state?: BatchState;
}

type Database = Pick<pg.Pool, "query">;

/** Newest first; compactions are left out. */
export async function listBatches(database: Database, options: ListOptions): Promise<BatchSummary[]> {
  const { limit, before = null, feed = null, state = null } = options;
  return (
    await database.query<BatchSummary>(
      shortStatement({ text: readSummaries, values: [null, before, limit, feed, state] }),
    )
  ).rows;
}

/** Undefined if there is no such batch. */
export async function readBatch(database: Database, id: number): Promise<BatchSummary | undefined> {
  return (
    await database.query<BatchSummary>(shortStatement({ text: readSummaries, values: [id, null, 1, null, null] }))
  ).rows[0];
}
