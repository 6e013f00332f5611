import { type NoParams, statement } from "../database/statement.js";
import type { BatchState } from "./batch-state.js";
import type { Channel, DeliveryMode } from "./delivery.js";

/** The database's clock, as text, so that no digit is lost on the way through a Date. */
export const readClock = statement<NoParams, { now: string }>("SELECT clock_timestamp()::text AS now");

/** The batch that was set aside for a new one of the same delivery: for an INSERT with these parameters. */
export const findSetAside = `(
  SELECT max(id) FROM batches
  WHERE feed = $feed AND channel = $channel AND delivery_identity = $identity AND set_aside)`;

/** Waits while another session plans the same delivery, and then returns no row. */
export const insertBatch = statement<
  {
    feed: string;
    source: string;
    channel: Channel;
    identity: string;
    mode: DeliveryMode;
    planned: boolean;
    bytes: number | null;
    maxBadRows: number;
    deadlineSeconds: number | null;
  },
  { id: number }
>(`
  INSERT INTO batches (feed, source, channel, delivery_identity, supersedes, mode, state, planned, bytes, max_bad_rows,
    deadline_at)
  VALUES ($feed, $source, $channel, $identity, ${findSetAside}, $mode, 'loading', $planned, $bytes, $maxBadRows,
          clock_timestamp() + make_interval(secs => $deadlineSeconds))
  ON CONFLICT DO NOTHING
  RETURNING id`);

/** Cuts a file into pieces of `pieceBytes`, the last one shorter; an empty file is one empty piece. */
export const insertPieces = statement<{ batchId: number; bytes: number; pieceBytes: number }>(`
  INSERT INTO pieces (batch_id, number, from_byte, to_byte)
  SELECT $batchId, number, number * $pieceBytes::bigint, least((number + 1) * $pieceBytes::bigint, $bytes::bigint)
  FROM generate_series(0, greatest(ceil($bytes::bigint / $pieceBytes::numeric), 1) - 1) AS number`);

/** `startedAt`: when this run began, as {@link readClock} told it. */
export const findBatch = statement<
  { feed: string; channel: Channel; identity: string; startedAt: string },
  { id: number; state: BatchState; ended_before: boolean | null }
>(`
  SELECT id, state, planned, coalesce(failed_at, published_at, retracted_at) < $startedAt::timestamptz AS ended_before
  FROM batches
  WHERE feed = $feed AND channel = $channel AND delivery_identity = $identity AND NOT set_aside`);

/** Lets a failed delivery be planned once more: the old batch stays, for the record. */
export const setAside = statement<{ batchId: number }>(
  "UPDATE batches SET set_aside = true WHERE id = $batchId AND state = 'failed' AND NOT set_aside",
);

/** What a batch was made of, and the batch that was made of the same since it was set aside. */
export const findDelivery = statement<
  { batchId: number },
  { state: BatchState; source: string; sent: boolean; gone: boolean; later: number | null; later_state: BatchState }
>(`
  SELECT b.state, b.source, b.channel IN ('upload', 'stream') AS sent, b.channel = 'pipe' AS gone,
         later.id AS later, later.state AS later_state
  FROM batches b
  LEFT JOIN batches later ON later.supersedes = b.id
  WHERE b.id = $batchId`);
