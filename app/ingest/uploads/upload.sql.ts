import type { BatchState } from "../../batches/batch-state.js";
import type { Channel, DeliveryMode } from "../../batches/delivery.js";
import { findSetAside } from "../../batches/plan.sql.js";
import { type NoParams, statement } from "../../database/statement.js";

/** The settings with which a client opens an upload. */
export interface Opened {
  readonly feed: string;
  readonly channel: Channel;
  /** The Idempotency-Key of the upload. */
  readonly identity: string;
  readonly source: string;
  readonly mode: DeliveryMode;
  readonly maxBadRows: number;
  readonly deadlineSeconds: number | null;
}

/**
 * Inserts the batch of an upload. Waits while another request opens the same upload; returns no row if that request has
 * opened it.
 */
export const insertUpload = statement<Opened, { id: number }>(`
  INSERT INTO batches (feed, source, channel, delivery_identity, supersedes, mode, state, max_bad_rows, deadline_at)
  VALUES ($feed, $source, $channel, $identity, ${findSetAside}, $mode, 'loading', $maxBadRows,
          now() + make_interval(secs => $deadlineSeconds))
  ON CONFLICT DO NOTHING
  RETURNING id`);

/**
 * The upload with this key. `differs` names the first setting with which it was opened otherwise; null if all are the
 * same.
 */
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
 * Claims a piece of an open upload for this request, also if another request has claimed it and not finished. That
 * request may hang on a connection that is long gone; if it still runs, it finds at its commit that the piece no longer
 * belongs to it. No row if the batch takes no pieces, or if the piece is loaded.
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

/** Deletes the bad lines of an earlier version of the piece. */
export const deleteBadLines = statement<{ batchId: number; number: number }>(
  "DELETE FROM bad_lines WHERE batch_id = $batchId AND piece = $number",
);
/** Deletes the counts of bad lines of an earlier version of the piece. */
export const forgetBadLineCounts = statement<{ batchId: number; number: number }>(
  "DELETE FROM bad_line_counts WHERE batch_id = $batchId AND piece = $number",
);

/** State of a piece of an upload, and of its batch. */
export interface UploadedPieceState {
  readonly state: BatchState;
  readonly max_bad_rows: number;
  readonly in_pieces: boolean;
  /** Null if the batch has no such piece. */
  readonly piece_state: "waiting" | "loading" | "loaded" | "failed" | null;
  readonly digest: string | null;
}

/** Reads the state of a piece and of its batch. No row if there is no such batch. */
export const readUploadedPiece = statement<{ batchId: number; number: number }, UploadedPieceState>(`
  SELECT b.state, b.max_bad_rows, b.channel = 'upload' AS in_pieces, p.state AS piece_state, p.digest
  FROM batches b LEFT JOIN pieces p ON p.batch_id = b.id AND p.number = $number
  WHERE b.id = $batchId`);

/** Gives back a piece that could not be loaded, so that the client can send it again. */
export const dropUploaded = statement<{ batchId: number; number: number; worker: string; attempt: number }>(`
  UPDATE pieces SET state = 'waiting', worker = NULL
  WHERE batch_id = $batchId AND number = $number AND worker = $worker AND attempts = $attempt AND state = 'loading'`);

/** Locks the batch of an upload, so that no request claims a piece between the check of the upload and its closing. */
export const lockUpload = statement<{ batchId: number }>("SELECT FROM batches WHERE id = $batchId FOR UPDATE");

/** The state of an upload: everything that decides whether it can be published. */
export interface UploadState {
  readonly state: BatchState;
  readonly planned: boolean;
  readonly max_bad_rows: number;
  readonly sent: boolean;
  readonly pieces: number;
  /** Numbers of the pieces that are not loaded; null if there are none. */
  readonly unfinished: number[] | null;
  readonly failed: boolean;
  readonly rejected: number;
  readonly rows: number;
}

/** Reads the state of an upload. No row if there is no such batch. */
export const readUploadState = statement<{ batchId: number }, UploadState>(`
  SELECT b.state, b.planned, b.max_bad_rows, b.channel IN ('upload', 'stream') AS sent, count(p.number)::integer AS pieces,
         array_agg(p.number ORDER BY p.number) FILTER (WHERE p.state IN ('waiting', 'loading')) AS unfinished,
         coalesce(bool_or(p.state = 'failed'), false) AS failed,
         coalesce(sum(p.rejected), 0)::float8 AS rejected, coalesce(sum(p.rows), 0)::float8 AS rows
  FROM batches b LEFT JOIN pieces p ON p.batch_id = b.id
  WHERE b.id = $batchId
  GROUP BY b.id`);

/**
 * Closes an upload that comes in pieces: it takes no more of them. An upload as one body is closed when the body ends.
 */
export const closeUpload = statement<{ batchId: number }>(`
  UPDATE batches b
  SET planned = true, bytes = (SELECT sum(to_byte - from_byte) FROM pieces WHERE batch_id = b.id)
  WHERE id = $batchId AND state = 'loading' AND NOT planned AND channel = 'upload'`);

/**
 * Uploads that a client has asked to publish and that no process is working on. Only a request to publish closes an
 * upload in pieces or starts an audit, so the state of the batch shows that it was made. A process that audits holds
 * the lock of a part.
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

/** Open uploads of which nothing was sent in the last `hours` hours. */
export const listAbandonedUploads = statement<{ hours: number }, { id: number }>(`
  SELECT b.id
  FROM batches b
  WHERE b.state = 'loading' AND b.channel IN ('upload', 'stream')
    AND greatest(b.created_at, (SELECT max(p.started_at) FROM pieces p WHERE p.batch_id = b.id))
        < clock_timestamp() - make_interval(hours => $hours::integer)`);
