import { statement } from "../../database/statement.js";

/** A piece that this worker has claimed, and the attempt that the claim counted. */
export interface OwnPiece {
  readonly batchId: number;
  readonly number: number;
  readonly worker: string;
  readonly attempt: number;
}

/** A range of the source that this worker has claimed as a piece. */
export interface ClaimedRange {
  readonly number: number;
  readonly from_byte: number;
  readonly to_byte: number;
  readonly attempts: number;
  readonly max_bad_rows: number;
  /** True if the batch has too many bad lines already, or a piece that failed. */
  readonly batch_will_fail: boolean;
}

/**
 * Claims the first piece of a batch that no worker is loading: a piece that waits, or whose lease ran out. Also claims
 * a piece that belongs to this worker but is not in `held`: the answer to its claim was lost with the connection. SKIP
 * LOCKED keeps workers from queueing for the same row. No row if no piece is free at the moment.
 */
export const claimRange = statement<
  { batchId: number; worker: string; leaseSeconds: number; mostAttempts: number; held: readonly number[] },
  ClaimedRange
>(`
  UPDATE pieces p
  SET state = 'loading', worker = $worker, lease_until = clock_timestamp() + make_interval(secs => $leaseSeconds),
      attempts = p.attempts + 1, takeovers = p.takeovers + (p.state = 'loading')::integer, started_at = clock_timestamp()
  FROM batches b
  WHERE b.id = $batchId AND b.state = 'loading' AND p.batch_id = $batchId AND p.number = (
    SELECT number FROM pieces
    WHERE batch_id = $batchId AND attempts < $mostAttempts
      AND (state = 'waiting' AND coalesce(retry_at <= clock_timestamp(), true)
           OR state = 'loading' AND lease_until < clock_timestamp()
           OR state = 'loading' AND worker = $worker AND number <> ALL ($held::integer[]))
    ORDER BY number
    LIMIT 1
    FOR UPDATE SKIP LOCKED)
  RETURNING p.number, p.from_byte::float8, p.to_byte::float8, p.attempts, b.max_bad_rows,
    (SELECT coalesce(sum(rejected), 0) > b.max_bad_rows OR bool_or(state = 'failed')
     FROM pieces WHERE batch_id = $batchId) AS batch_will_fail`);

/** Extends the leases of this worker's pieces in `held`, from now for `leaseSeconds`. */
export const renewPieces = statement<{
  batchId: number;
  worker: string;
  leaseSeconds: number;
  held: readonly number[];
}>(`
  UPDATE pieces SET lease_until = clock_timestamp() + make_interval(secs => $leaseSeconds)
  WHERE batch_id = $batchId AND worker = $worker AND state = 'loading' AND number = ANY ($held::integer[])`);

/** Extends this worker's lease of a stream, from now for `leaseSeconds`. */
export const renewStream = statement<{ batchId: number; worker: string; leaseSeconds: number }>(`
  UPDATE batches SET lease_until = clock_timestamp() + make_interval(secs => $leaseSeconds)
  WHERE id = $batchId AND worker = $worker AND state = 'loading' AND NOT planned`);

/** Puts a piece back after a failed attempt, or fails the piece after the last attempt. */
export const putBack = statement<OwnPiece & { waitSeconds: number; error: string; mostAttempts: number }>(`
  UPDATE pieces
  SET state = CASE WHEN attempts >= $mostAttempts THEN 'failed' ELSE 'waiting' END, lease_until = NULL, error = $error,
      retry_at = clock_timestamp() + make_interval(secs => $waitSeconds)
  WHERE batch_id = $batchId AND number = $number AND worker = $worker AND attempts = $attempt AND state = 'loading'`);

/** Gives all pieces of a worker back at once, when the worker is told to stop. This does not count as an attempt. */
export const releasePieces = statement<{ batchId: number; worker: string }>(`
  UPDATE pieces SET state = 'waiting', worker = NULL, lease_until = NULL, retry_at = NULL, attempts = attempts - 1
  WHERE batch_id = $batchId AND worker = $worker AND state = 'loading'`);

/** Gives a stream back, so that another worker need not wait until the lease ends. */
export const releaseStream = statement<{ batchId: number; worker: string }>(`
  UPDATE batches SET worker = NULL, lease_until = NULL
  WHERE id = $batchId AND worker = $worker AND state = 'loading'`);
