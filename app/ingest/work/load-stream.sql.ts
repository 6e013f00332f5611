import { type NoParams, type NoRow, statement } from "../../database/statement.js";

/**
 * Makes this worker the only one that streams the batch. No row if another worker streams it. From then on no other
 * worker can finish a piece of the batch: a worker that was taken for dead, but still runs, may hold pieces of another
 * body that was sent under the same key.
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

/**
 * A piece that an earlier reading of the stream cut; `done` if it is loaded or has failed. `digest` is the SHA-256 of
 * its lines.
 */
export interface KnownCut {
  readonly number: number;
  readonly to_byte: number;
  readonly done: boolean;
  readonly digest: string | null;
}

/**
 * The pieces that earlier readings of the stream cut, up to the last piece that is done. The bytes behind that piece
 * are cut anew: the stream may be another one by now, and an old end may lie in the middle of one of its lines.
 */
export const listCuts = statement<{ batchId: number }, KnownCut>(`
  SELECT number, to_byte::float8, state IN ('loaded', 'failed') AS done, digest FROM pieces
  WHERE batch_id = $batchId
    AND number <= (SELECT max(number) FROM pieces WHERE batch_id = $batchId AND state IN ('loaded', 'failed'))
  ORDER BY number`);

/** A piece that this worker has just cut from a stream. */
export interface CutToClaim {
  readonly batchId: number;
  readonly number: number;
  readonly from: number;
  readonly to: number;
  readonly worker: string;
  readonly leaseSeconds: number;
  /** SHA-256 of its lines. */
  readonly digest: string;
  /** Bytes of the source, as it is stored, that had been read when the piece was cut. */
  readonly storedBytes: number;
}

/** A piece of a stream that this worker has claimed. */
export interface ClaimedCut {
  readonly attempts: number;
  readonly max_bad_rows: number;
  /** True if the batch has too many bad lines already, or a piece that failed. */
  readonly batch_will_fail: boolean;
}

/**
 * Claims a piece that was just cut, also if an earlier reading left a piece of this number unfinished. No row if the
 * stream no longer belongs to this worker, or if the piece is finished.
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

/** True if this worker still streams the batch and the piece is finished. */
export const isFinishedByUs = statement<{ batchId: number; number: number; worker: string }, { ours: boolean }>(`
  SELECT b.worker = $worker AND b.state = 'loading' AND p.state IN ('loaded', 'failed') AS ours
  FROM batches b JOIN pieces p ON p.batch_id = b.id WHERE b.id = $batchId AND p.number = $number`);

/**
 * Notes that the stream has ended, so that all its pieces are known. Deletes pieces with higher numbers: an earlier
 * reading may have cut a longer stream and not finished these pieces.
 */
export const endStream = statement<{ batchId: number; worker: string; bytes: number; pieces: number }, NoRow>(`
  WITH ended AS (
    UPDATE batches SET planned = true, bytes = $bytes, worker = NULL, lease_until = NULL
    WHERE id = $batchId AND worker = $worker AND state = 'loading' AND NOT planned
    RETURNING id)
  DELETE FROM pieces USING ended WHERE batch_id = id AND number >= $pieces`);

/**
 * Batches that come through a pipe and whose worker has sent no heartbeat for five minutes. No other process can read
 * the pipe.
 */
export const listAbandonedPipes = statement<NoParams, { id: number }>(`
  SELECT id FROM batches
  WHERE state = 'loading' AND NOT planned AND channel = 'pipe'
    AND coalesce(lease_until, created_at) < clock_timestamp() - interval '5 minutes'`);
