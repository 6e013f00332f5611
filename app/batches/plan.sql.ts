import { type NoParams, statement } from "../database/statement.js";
import type { BatchState } from "./batch-state.js";
import type { Channel, DeliveryMode } from "./delivery.js";

/** The database's clock, as text, so that no digit is lost on the way through a Date. */
export const readClock = statement<NoParams, { now: string }>("SELECT clock_timestamp()::text AS now");

/** The batch that was set aside for a new one of the same delivery: for an INSERT with these parameters. */
export const findSetAside = `(
  SELECT max(id) FROM batches
  WHERE feed = $feed AND channel = $channel AND delivery_identity = $identity AND set_aside)`;

/**
 * A batch with all its pieces, of which there are none if `bytes` is null. No row if the delivery is known; waits while
 * another session plans it. The INSERT alone would tell, but takes a batch number also for one that is known.
 */
export const insertBatch = statement<
  {
    feed: string;
    source: string;
    channel: Channel;
    identity: string;
    mode: DeliveryMode;
    bytes: number | null;
    pieceBytes: number;
    maxBadRows: number;
    deadlineSeconds: number | null;
  },
  { id: number }
>(`
  WITH planned AS (
    INSERT INTO batches (feed, source, channel, delivery_identity, supersedes, mode, state, planned, bytes,
      max_bad_rows, deadline_at)
    SELECT $feed, $source, $channel, $identity, ${findSetAside}, $mode, 'loading', $bytes::bigint IS NOT NULL, $bytes,
           $maxBadRows, clock_timestamp() + make_interval(secs => $deadlineSeconds)
    WHERE NOT EXISTS (
      SELECT FROM batches WHERE feed = $feed AND channel = $channel AND delivery_identity = $identity AND NOT set_aside)
    ON CONFLICT DO NOTHING
    RETURNING id, bytes
  ), cut AS (
    INSERT INTO pieces (batch_id, number, from_byte, to_byte)
    SELECT id, number, number * $pieceBytes::bigint, least((number + 1) * $pieceBytes::bigint, bytes)
    FROM planned, generate_series(0, greatest(ceil(bytes / $pieceBytes::numeric), 1) - 1) AS number
    WHERE bytes IS NOT NULL
  )
  SELECT id FROM planned`);

/** Of these deliveries the ones that are known. `startedAt`: when this run began, as {@link readClock} told it. */
export const findBatches = statement<
  { feed: string; channel: Channel; identities: readonly string[]; startedAt: string },
  { id: number; identity: string; state: BatchState; ended_before: boolean | null }
>(`
  SELECT id, delivery_identity AS identity, state,
         coalesce(failed_at, published_at, retracted_at) < $startedAt::timestamptz AS ended_before
  FROM batches
  WHERE feed = $feed AND channel = $channel AND delivery_identity = ANY ($identities::text[]) AND NOT set_aside`);

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
