import { statement } from "../database/statement.js";
import type { BatchState } from "./batch-state.js";

/** One batch, as the API and the commands show it to users. All times are by the database's clock. */
export interface BatchSummary {
  readonly id: number;
  readonly feed: string;
  readonly source: string;
  readonly mode: "append" | "replace" | "compaction";
  readonly state: BatchState;
  /** Why the batch failed. */
  readonly failure: string | null;
  /**
   * True for an upload that is loaded as far as its client has sent it, and that the client has not asked to publish.
   */
  readonly awaits_publish: boolean;
  /** True if loading the same delivery again would fail in the same way. */
  readonly failed_for_good: boolean;
  /** The published batch with the same content, if this batch is a duplicate. */
  readonly duplicate_of: number | null;
  readonly checksum: string | null;
  readonly max_bad_rows: number;
  readonly created_at: Date;
  readonly audited_at: Date | null;
  /** When the batch was published for the first time. */
  readonly published_at: Date | null;
  readonly retracted_at: Date | null;
  readonly failed_at: Date | null;
  readonly deadline_at: Date | null;
  /** When this summary was read. */
  readonly read_at: Date;
  readonly pieces: number;
  readonly pieces_loaded: number;
  readonly pieces_failed: number;
  readonly rows: number;
  readonly rejected: number;
  /** Null until all pieces are loaded. */
  readonly rows_expected: number | null;
  /** Bytes of the source, decompressed; null while a stream or an upload has not ended. */
  readonly bytes: number | null;
  readonly bytes_loaded: number;
  /** Average of the last minute; null unless the batch is being loaded. */
  readonly rows_per_second: number | null;
  /** Parts of the audit; 0 while no audit runs. */
  readonly audit_parts: number;
  readonly audit_parts_done: number;
  /**
   * How much of the loading and the audit is done, from 0 to 1. Null while neither runs, or while the size of the
   * source is not known.
   */
  readonly progress: number | null;
  /** When the audit will probably end; the publish follows at once. Null if no estimate is possible. */
  readonly estimated_end: Date | null;
}

/**
 * Batches, with their progress and an estimate of their end.
 *
 * - The speed is that of the pieces that ended in the last minute, measured from the start of the first of these
 *   pieces.
 * - The estimate counts bytes, because the number of rows is known only at the end.
 * - For a stream whose stored size is known, the estimate takes the rest to be compressed as much as the part read so
 *   far.
 * - The audit is taken to last 1.5 times as long as the loading. Once a part of the audit is done, its own speed
 *   counts.
 * - An upload that receives no pieces waits for its client, so it has no estimate.
 * @param chosen a query of the batches.
 */
export const summaries = (chosen: string) => `
  SELECT b.id, b.feed, b.source, b.mode, b.state, b.failure, b.failed_for_good, b.duplicate_of, b.checksum, b.max_bad_rows,
         b.created_at, b.audited_at, b.published_at, b.retracted_at, b.failed_at, b.deadline_at, clock_timestamp() AS read_at,
         p.pieces, p.pieces_loaded, p.pieces_failed, p.rows, p.rejected, p.bytes_loaded,
         CASE WHEN b.planned THEN coalesce(b.bytes, p.bytes_loaded) END AS bytes,
         CASE WHEN b.planned AND p.pieces_loaded = p.pieces THEN p.rows END AS rows_expected,
         CASE WHEN b.state = 'loading' AND NOT w.awaits_publish THEN p.rows_per_second END AS rows_per_second,
         a.parts AS audit_parts, a.parts_done AS audit_parts_done,
         w.awaits_publish,
         CASE WHEN w.awaits_publish THEN NULL
              WHEN b.state = 'loading'
                THEN coalesce(p.bytes_done / nullif(s.bytes, 0), CASE WHEN b.stored_bytes > 0 THEN 0 END) / 2.5
              WHEN b.state = 'auditing' THEN (1 + 1.5 * a.parts_done / nullif(a.parts, 0)) / 2.5
         END::float8 AS progress,
         clock_timestamp() + make_interval(secs => CASE
           WHEN w.awaits_publish THEN NULL
           WHEN b.state = 'loading' AND s.bytes > 0 AND p.bytes_per_second > 0
             THEN greatest(0, 2.5 * s.bytes - p.bytes_done) / p.bytes_per_second
           WHEN b.state = 'auditing' AND a.parts_done > 0 THEN a.seconds * (a.parts - a.parts_done) / a.parts_done
           WHEN b.state = 'auditing' THEN greatest(0, 1.5 * p.loading_seconds - a.seconds)
         END) AS estimated_end
  FROM (${chosen}) b
  CROSS JOIN LATERAL (
    SELECT count(*)::integer AS pieces,
           count(*) FILTER (WHERE state = 'loaded')::integer AS pieces_loaded,
           count(*) FILTER (WHERE state = 'failed')::integer AS pieces_failed,
           coalesce(sum(rows) FILTER (WHERE state = 'loaded'), 0)::float8 AS rows,
           coalesce(sum(rejected), 0)::float8 AS rejected,
           coalesce(sum(to_byte - from_byte) FILTER (WHERE state = 'loaded'), 0)::float8 AS bytes_loaded,
           coalesce(sum(to_byte - from_byte) FILTER (WHERE state IN ('loaded', 'failed')), 0)::float8 AS bytes_done,
           max(to_byte) / nullif(max(stored_to_byte), 0)::float8 AS unpacked,
           extract(epoch FROM max(loaded_at) - min(started_at))::float8 AS loading_seconds,
           (sum(rows) FILTER (WHERE recent) / max(elapsed))::float8 AS rows_per_second,
           (sum(to_byte - from_byte) FILTER (WHERE recent) / max(elapsed))::float8 AS bytes_per_second
    FROM (
      SELECT *, nullif(extract(epoch FROM clock_timestamp() - min(started_at) FILTER (WHERE recent) OVER ()), 0) AS elapsed
      FROM (
        SELECT *, state = 'loaded' AND loaded_at > clock_timestamp() - interval '1 minute' AS recent
        FROM pieces WHERE batch_id = b.id
      ) known
    ) piece
  ) p
  CROSS JOIN LATERAL (SELECT CASE WHEN b.planned THEN b.bytes ELSE b.stored_bytes * p.unpacked END AS bytes) s
  CROSS JOIN LATERAL (
    SELECT b.state = 'loading' AND p.rows > 0 AND p.pieces_loaded = p.pieces AND p.rejected <= b.max_bad_rows
           AND b.channel = CASE WHEN b.planned THEN 'stream' ELSE 'upload' END AS awaits_publish
  ) w
  CROSS JOIN LATERAL (
    SELECT count(*)::integer AS parts, count(*) FILTER (WHERE done)::integer AS parts_done,
           extract(epoch FROM clock_timestamp() - min(planned_at))::float8 AS seconds
    FROM audit_parts WHERE batch_id = b.id
  ) a
  ORDER BY b.id DESC`;

/** The summary of one batch. No row if there is no such batch. */
export const readSummary = statement<{ batchId: number }, BatchSummary>(
  summaries("SELECT * FROM batches WHERE id = $batchId"),
);
