import { statement } from "../../database/statement.js";

/** One of this worker's pieces of a batch, and the attempt that its claim counted. */
export interface OwnPiece {
  readonly batchId: number;
  readonly number: number;
  readonly worker: string;
  readonly attempt: number;
}

export interface ClaimedRange {
  readonly number: number;
  readonly from_byte: number;
  readonly to_byte: number;
  readonly attempts: number;
  readonly max_bad_rows: number;
  /** The batch has too many bad lines already, or a piece that failed. */
  readonly batch_will_fail: boolean;
}

/**
 * Takes the first piece that no worker is at: waiting, or with a lease that ran out. Also one that is this worker's,
 * but is not in `held`, because the answer to its claim was lost. SKIP LOCKED, so that workers never queue for the same
 * row. No row if there is none at the moment.
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

/** Keeps the pieces `held` this worker's for another lease. */
export const renewPieces = statement<{
  batchId: number;
  worker: string;
  leaseSeconds: number;
  held: readonly number[];
}>(`
  UPDATE pieces SET lease_until = clock_timestamp() + make_interval(secs => $leaseSeconds)
  WHERE batch_id = $batchId AND worker = $worker AND state = 'loading' AND number = ANY ($held::integer[])`);

/** Keeps a stream this worker's for another lease. */
export const renewStream = statement<{ batchId: number; worker: string; leaseSeconds: number }>(`
  UPDATE batches SET lease_until = clock_timestamp() + make_interval(secs => $leaseSeconds)
  WHERE id = $batchId AND worker = $worker AND state = 'loading' AND NOT planned`);

/** Puts a piece back after an attempt that failed, or fails it after the last. */
export const putBack = statement<OwnPiece & { waitSeconds: number; error: string; mostAttempts: number }>(`
  UPDATE pieces
  SET state = CASE WHEN attempts >= $mostAttempts THEN 'failed' ELSE 'waiting' END, lease_until = NULL, error = $error,
      retry_at = clock_timestamp() + make_interval(secs => $waitSeconds)
  WHERE batch_id = $batchId AND number = $number AND worker = $worker AND attempts = $attempt AND state = 'loading'`);

/** Gives everything back at once when the worker is told to stop, which is no failed attempt. */
export const releasePieces = statement<{ batchId: number; worker: string }>(`
  UPDATE pieces SET state = 'waiting', worker = NULL, lease_until = NULL, retry_at = NULL, attempts = attempts - 1
  WHERE batch_id = $batchId AND worker = $worker AND state = 'loading'`);

/** Gives a stream back, so that another worker need not wait for the end of its lease. */
export const releaseStream = statement<{ batchId: number; worker: string }>(`
  UPDATE batches SET worker = NULL, lease_until = NULL
  WHERE id = $batchId AND worker = $worker AND state = 'loading'`);
