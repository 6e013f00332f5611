import type { BatchState } from "../../batches/batch-state.js";
import { statement } from "../../database/statement.js";

/** Progress of the loading of a batch. */
export interface LoadState {
  readonly state: BatchState;
  readonly planned: boolean;
  readonly failure: string | null;
  readonly failed_for_good: boolean;
  readonly duplicate_of: number | null;
  readonly max_bad_rows: number;
  /** Number of pieces that wait or are being loaded. */
  readonly unfinished: number;
  readonly failed: number;
  readonly rows: number;
  readonly rejected: number;
  /** The error of the first piece that failed for another reason than its bad lines. */
  readonly error: string | null;
}

/** The progress of a batch. No row if there is no such batch. */
export const readLoadState = statement<{ batchId: number }, LoadState>(`
  SELECT b.state, b.planned, b.failure, b.failed_for_good, b.duplicate_of, b.max_bad_rows,
         count(*) FILTER (WHERE p.state IN ('waiting', 'loading'))::integer AS unfinished,
         count(*) FILTER (WHERE p.state = 'failed')::integer AS failed,
         coalesce(sum(p.rows) FILTER (WHERE p.state = 'loaded'), 0)::float8 AS rows,
         coalesce(sum(p.rejected), 0)::float8 AS rejected,
         (SELECT f.number || ' failed ' || f.attempts || CASE f.attempts WHEN 1 THEN ' time: ' ELSE ' times: ' END || f.error
          FROM pieces f WHERE f.batch_id = b.id AND f.state = 'failed' AND f.error IS NOT NULL
          ORDER BY f.number LIMIT 1) AS error
  FROM batches b LEFT JOIN pieces p ON p.batch_id = b.id
  WHERE b.id = $batchId
  GROUP BY b.id`);

/** Fails pieces whose last attempt ended without reporting an error, as when the worker was killed. */
export const failExhausted = statement<{ batchId: number; mostAttempts: number }>(`
  UPDATE pieces SET state = 'failed', lease_until = NULL, error = coalesce(error, 'its workers ended without reporting an error')
  WHERE batch_id = $batchId AND attempts >= $mostAttempts
    AND (state = 'waiting' OR state = 'loading' AND lease_until < clock_timestamp())`);

/** Records a header with which no line can be read, as a bad line of the piece that begins with the header. */
export const insertHeaderFault = statement<{ batchId: number; number: number; column: string | null; reason: string }>(`
  INSERT INTO bad_lines (batch_id, piece, line, field, reason)
  SELECT batch_id, number, 1, $column, $reason FROM pieces WHERE batch_id = $batchId AND number = $number
  ON CONFLICT DO NOTHING`);

/** Keeps the header of the delivery, for the file of its rejected lines. Null for NDJSON. */
export const setColumns = statement<{ batchId: number; columns: string | null }>(
  "UPDATE batches SET columns = $columns WHERE id = $batchId AND columns IS DISTINCT FROM $columns",
);
