import { statement } from "../database/statement.js";
import type { BatchState } from "./batch-state.js";

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

/**
 * Batches with how far they are. The speed is that of the pieces which ended in the last minute, from the start of the
 * first of them; the estimate goes by bytes, because rows are known only at the end. What is still to come of a stream
 * whose size is known is taken to be packed as what was read. Making a batch is its loading and its audit, of which the
 * second is taken to last one and a half times as long; once a part of it is done, it goes by its own speed. An upload
 * that receives no pieces waits for its client, so there is nothing to estimate.
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

export const readSummary = statement<{ batchId: number }, BatchSummary>(
  summaries("SELECT * FROM batches WHERE id = $batchId"),
);
