import { type NoParams, statement } from "../database/statement.js";
import type { BatchState } from "./batch-state.js";
import type { DeliveryMode } from "./delivery.js";

/** The database's clock, as text, so that no digit is lost on the way through a Date. */
export const readClock = statement<NoParams, { now: string }>("SELECT clock_timestamp()::text AS now");

/** Waits while another session plans the same delivery, and then returns no row. */
export const insertBatch = statement<
  {
    feed: string;
    source: string;
    identity: string;
    mode: DeliveryMode;
    planned: boolean;
    bytes: number | null;
    maxBadRows: number;
    deadlineSeconds: number | null;
  },
  { id: number }
>(`
  INSERT INTO batches (feed, source, identity, mode, state, planned, bytes, max_bad_rows, deadline_at)
  VALUES ($feed, $source, $identity, $mode, 'loading', $planned, $bytes, $maxBadRows,
          clock_timestamp() + make_interval(secs => $deadlineSeconds))
  ON CONFLICT (feed, identity) DO NOTHING
  RETURNING id`);

export const insertPieces = statement<{ batchId: number; bytes: number; pieceBytes: number }>(`
  INSERT INTO pieces (batch_id, number, from_byte, to_byte)
  SELECT $batchId, number, number * $pieceBytes::bigint, least((number + 1) * $pieceBytes::bigint, $bytes::bigint)
  FROM generate_series(0, greatest(ceil($bytes::bigint / $pieceBytes::numeric), 1) - 1) AS number`);

/** `startedAt`: when this run began, as {@link readClock} told it. */
export const findBatch = statement<
  { feed: string; identity: string; startedAt: string },
  { id: number; state: BatchState; ended_before: boolean | null }
>(`
  SELECT id, state, planned, coalesce(failed_at, published_at, retracted_at) < $startedAt::timestamptz AS ended_before
  FROM batches WHERE feed = $feed AND identity = $identity`);

/** Lets a failed delivery be planned once more: the old batch stays, for the record, under another identity. */
export const freeIdentity = statement<{ batchId: number }>(`
  UPDATE batches SET identity = identity || ' (failed as batch ' || id || ')'
  WHERE id = $batchId AND state = 'failed' AND identity NOT LIKE '% (failed as batch ' || id || ')'`);

/** What a batch was made of, and the batch that was made of the same since it was laid aside. */
export const findDelivery = statement<
  { batchId: number },
  { state: BatchState; source: string; sent: boolean; gone: boolean; later: number | null; later_state: BatchState }
>(`
  SELECT b.state, b.source, b.identity ~ '^(upload|stream) ' AS sent, starts_with(b.identity, 'pipe ') AS gone,
         later.id AS later, later.state AS later_state
  FROM batches b
  LEFT JOIN batches later ON later.feed = b.feed AND later.id > b.id
    AND b.identity = later.identity || ' (failed as batch ' || b.id || ')'
  WHERE b.id = $batchId`);
