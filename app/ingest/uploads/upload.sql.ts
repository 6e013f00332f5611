import type { BatchState } from "../../batches/batch-state.js";
import type { Channel, DeliveryMode } from "../../batches/delivery.js";
import { findSetAside } from "../../batches/plan.sql.js";
import { type NoParams, statement } from "../../database/statement.js";

/** What an upload is opened with. */
export interface Opened {
  readonly feed: string;
  readonly channel: Channel;
  /** Its Idempotency-Key. */
  readonly identity: string;
  readonly source: string;
  readonly mode: DeliveryMode;
  readonly maxBadRows: number;
  readonly deadlineSeconds: number | null;
}

/** Waits while another request opens the same upload, and then returns no row. */
export const insertUpload = statement<Opened, { id: number }>(`
  INSERT INTO batches (feed, source, channel, delivery_identity, supersedes, mode, state, max_bad_rows, deadline_at)
  VALUES ($feed, $source, $channel, $identity, ${findSetAside}, $mode, 'loading', $maxBadRows,
          now() + make_interval(secs => $deadlineSeconds))
  ON CONFLICT DO NOTHING
  RETURNING id`);

/** The upload with this key, and the first thing (`differs`) that it was opened with and is not what is wanted now. */
export const findUpload = statement<Opened, { id: number; differs: string | null }>(`
  SELECT id,
         CASE WHEN channel <> $channel THEN 'way of sending (in pieces, or as one body)'
              WHEN source <> $source THEN 'source'
              WHEN mode <> $mode THEN 'mode'
              WHEN max_bad_rows <> $maxBadRows THEN 'max_bad_rows'
              WHEN deadline_at - created_at IS DISTINCT FROM make_interval(secs => $deadlineSeconds)
                THEN 'deadline_seconds'
         END AS differs
  FROM batches
  WHERE feed = $feed AND channel IN ('upload', 'stream') AND delivery_identity = $identity AND NOT set_aside
  ORDER BY channel <> $channel LIMIT 1`);

/**
 * Takes a piece of an open upload for this request, also from a request that has not finished: that one may hang on a
 * connection that is long gone, and finds at its commit that the piece is no longer its own. No row if the batch takes
 * no pieces, or this one is loaded.
 */
export const claimUploaded = statement<{ batchId: number; number: number; worker: string }, { attempts: number }>(`
  INSERT INTO pieces AS p (batch_id, number, state, from_byte, attempts, worker, started_at)
  SELECT id, $number, 'loading', 0, 1, $worker, clock_timestamp()
  FROM (SELECT id FROM batches
        WHERE id = $batchId AND state = 'loading' AND NOT planned AND channel = 'upload' FOR SHARE) held
  ON CONFLICT (batch_id, number) DO UPDATE
    SET state = 'loading', worker = excluded.worker, attempts = p.attempts + 1, started_at = excluded.started_at,
        to_byte = NULL, rejected = NULL, digest = NULL, error = NULL
    WHERE p.state <> 'loaded'
  RETURNING attempts`);

/** What was bad in an earlier version of the piece. */
export const deleteBadLines = statement<{ batchId: number; number: number }>(
  "DELETE FROM bad_lines WHERE batch_id = $batchId AND piece = $number",
);
/** How much was bad in an earlier version of the piece. */
export const forgetBadLineCounts = statement<{ batchId: number; number: number }>(
  "DELETE FROM bad_line_counts WHERE batch_id = $batchId AND piece = $number",
);

/** A piece of an upload, and the batch that it belongs to. */
export interface UploadedPieceState {
  readonly state: BatchState;
  readonly max_bad_rows: number;
  readonly in_pieces: boolean;
  /** Null if there is no such piece. */
  readonly piece_state: "waiting" | "loading" | "loaded" | "failed" | null;
  readonly digest: string | null;
}

/** No row if there is no such batch. */
export const readUploadedPiece = statement<{ batchId: number; number: number }, UploadedPieceState>(`
  SELECT b.state, b.max_bad_rows, b.channel = 'upload' AS in_pieces, p.state AS piece_state, p.digest
  FROM batches b LEFT JOIN pieces p ON p.batch_id = b.id AND p.number = $number
  WHERE b.id = $batchId`);

/** Lets go of a piece that could not be loaded; it can be sent again. */
export const dropUploaded = statement<{ batchId: number; number: number; worker: string; attempt: number }>(`
  UPDATE pieces SET state = 'waiting', worker = NULL
  WHERE batch_id = $batchId AND number = $number AND worker = $worker AND attempts = $attempt AND state = 'loading'`);

/** Before the check: no piece is claimed between that and the closing. */
export const lockUpload = statement<{ batchId: number }>("SELECT FROM batches WHERE id = $batchId FOR UPDATE");

/** What may stand in the way of publishing an upload. */
export interface UploadState {
  readonly state: BatchState;
  readonly planned: boolean;
  readonly max_bad_rows: number;
  readonly sent: boolean;
  readonly pieces: number;
  /** Numbers of the pieces that are not loaded; null without any. */
  readonly unfinished: number[] | null;
  readonly failed: boolean;
  readonly rejected: number;
  readonly rows: number;
}

/** No row if there is no such batch. */
export const readUploadState = statement<{ batchId: number }, UploadState>(`
  SELECT b.state, b.planned, b.max_bad_rows, b.channel IN ('upload', 'stream') AS sent, count(p.number)::integer AS pieces,
         array_agg(p.number ORDER BY p.number) FILTER (WHERE p.state IN ('waiting', 'loading')) AS unfinished,
         coalesce(bool_or(p.state = 'failed'), false) AS failed,
         coalesce(sum(p.rejected), 0)::float8 AS rejected, coalesce(sum(p.rows), 0)::float8 AS rows
  FROM batches b LEFT JOIN pieces p ON p.batch_id = b.id
  WHERE b.id = $batchId
  GROUP BY b.id`);

/** No more pieces. A stream is closed when it ends. */
export const closeUpload = statement<{ batchId: number }>(`
  UPDATE batches b
  SET planned = true, bytes = (SELECT sum(to_byte - from_byte) FROM pieces WHERE batch_id = b.id)
  WHERE id = $batchId AND state = 'loading' AND NOT planned AND channel = 'upload'`);

/**
 * Uploads whose publish was asked for, as nothing else closes one that comes in pieces or lets any be audited, and that
 * no process is at: one that audits holds the lock of a part.
 */
export const listUnpublished = statement<NoParams, { id: number }>(`
  WITH asked AS (
    SELECT id FROM batches
    WHERE state IN ('auditing', 'audited') AND channel IN ('upload', 'stream')
       OR state = 'loading' AND planned AND channel = 'upload'
  ), unclaimed AS (
    SELECT batch_id FROM audit_parts
    WHERE NOT done AND batch_id IN (SELECT id FROM asked) FOR UPDATE SKIP LOCKED
  )
  SELECT id FROM asked
  WHERE (SELECT count(*) FROM unclaimed WHERE batch_id = id)
      = (SELECT count(*) FROM audit_parts WHERE batch_id = id AND NOT done)
  ORDER BY id`);

/** Uploads of which nothing was sent for so many hours. */
export const listAbandonedUploads = statement<{ hours: number }, { id: number }>(`
  SELECT b.id
  FROM batches b
  WHERE b.state = 'loading' AND b.channel IN ('upload', 'stream')
    AND greatest(b.created_at, (SELECT max(p.started_at) FROM pieces p WHERE p.batch_id = b.id))
        < clock_timestamp() - make_interval(hours => $hours::integer)`);
