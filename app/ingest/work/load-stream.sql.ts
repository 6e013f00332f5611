import { type NoParams, type NoRow, statement } from "../../database/statement.js";

/**
 * Becomes the one worker that streams the batch; no row if another one does. From that instant on no other worker can
 * finish a piece of it: one that was taken for dead, and is not, may have pieces of another body under the same key.
 */
export const claimStream = statement<{
  batchId: number;
  worker: string;
  leaseSeconds: number;
  storedBytes: number | null;
}>(`
  WITH claimed AS (
    UPDATE batches
    SET worker = $worker, lease_until = clock_timestamp() + make_interval(secs => $leaseSeconds),
        stored_bytes = $storedBytes
    WHERE id = $batchId AND state = 'loading' AND NOT planned
      AND (worker IS NULL OR worker = $worker OR lease_until < clock_timestamp())
    RETURNING id
  ), taken AS (
    UPDATE pieces SET worker = NULL FROM claimed WHERE batch_id = id AND state = 'loading')
  SELECT FROM claimed`);

export interface KnownCut {
  readonly number: number;
  readonly to_byte: number;
  readonly done: boolean;
  readonly digest: string | null;
}

/**
 * Pieces that earlier readings of the stream cut, up to the last one that is done. What lies behind it is cut anew: the
 * stream may be another one by now, in which an old end lies in the middle of a price.
 */
export const listCuts = statement<{ batchId: number }, KnownCut>(`
  SELECT number, to_byte::float8, state IN ('loaded', 'failed') AS done, digest FROM pieces
  WHERE batch_id = $batchId
    AND number <= (SELECT max(number) FROM pieces WHERE batch_id = $batchId AND state IN ('loaded', 'failed'))
  ORDER BY number`);

/** A piece just cut from a stream, for the worker that streams it. */
export interface CutToClaim {
  readonly batchId: number;
  readonly number: number;
  readonly from: number;
  readonly to: number;
  readonly worker: string;
  readonly leaseSeconds: number;
  /** SHA-256 of its lines. */
  readonly digest: string;
  /** Bytes of the source, as it is stored, that were read until it was cut. */
  readonly storedBytes: number;
}

export interface ClaimedCut {
  readonly attempts: number;
  readonly max_bad_rows: number;
  /** The batch has too many bad lines already, or a piece that failed. */
  readonly batch_will_fail: boolean;
}

/**
 * Claims a piece just cut, whether or not an earlier reading left one of this number unfinished. No row if the stream
 * is not this worker's any more, or the piece is finished.
 */
export const claimCut = statement<CutToClaim, ClaimedCut>(`
  WITH held AS (
    SELECT id, max_bad_rows FROM batches
    WHERE id = $batchId AND worker = $worker AND state = 'loading' AND NOT planned FOR SHARE)
  INSERT INTO pieces AS p (batch_id, number, state, from_byte, to_byte, attempts, worker, lease_until, started_at,
    digest, stored_to_byte)
  SELECT id, $number, 'loading', $from, $to, 1, $worker, clock_timestamp() + make_interval(secs => $leaseSeconds),
    clock_timestamp(), $digest, $storedBytes
  FROM held
  ON CONFLICT (batch_id, number) DO UPDATE
    SET state = 'loading', from_byte = excluded.from_byte, to_byte = excluded.to_byte, digest = excluded.digest,
        stored_to_byte = excluded.stored_to_byte, worker = excluded.worker, lease_until = excluded.lease_until,
        started_at = excluded.started_at, attempts = p.attempts + 1,
        takeovers = p.takeovers + (p.state = 'loading')::integer
    WHERE p.state IN ('waiting', 'loading')
  RETURNING attempts, (SELECT max_bad_rows FROM held) AS max_bad_rows,
    (SELECT coalesce(sum(rejected), 0) > (SELECT max_bad_rows FROM held) OR coalesce(bool_or(state = 'failed'), false)
     FROM pieces WHERE batch_id = $batchId) AS batch_will_fail`);

/** Whether this worker still streams the batch, and the piece is finished. */
export const isFinishedByUs = statement<{ batchId: number; number: number; worker: string }, { ours: boolean }>(`
  SELECT b.worker = $worker AND b.state = 'loading' AND p.state IN ('loaded', 'failed') AS ours
  FROM batches b JOIN pieces p ON p.batch_id = b.id WHERE b.id = $batchId AND p.number = $number`);

/**
 * The stream has ended: all pieces are known. An earlier reading may have cut more of another stream, and finished none
 * of those.
 */
export const endStream = statement<{ batchId: number; worker: string; bytes: number; pieces: number }, NoRow>(`
  WITH ended AS (
    UPDATE batches SET planned = true, bytes = $bytes, worker = NULL, lease_until = NULL
    WHERE id = $batchId AND worker = $worker AND state = 'loading' AND NOT planned
    RETURNING id)
  DELETE FROM pieces USING ended WHERE batch_id = id AND number >= $pieces`);

/** Pipes, which no other process has, whose worker has not been heard of for long. */
export const listAbandonedPipes = statement<NoParams, { id: number }>(`
  SELECT id FROM batches
  WHERE state = 'loading' AND NOT planned AND channel = 'pipe'
    AND coalesce(lease_until, created_at) < clock_timestamp() - interval '5 minutes'`);
