import { type NoParams, statement } from "../database/statement.js";
import type { BatchState } from "./batch-state.js";
import type { Channel, DeliveryMode } from "./delivery.js";

/** The time by the database's clock. It is a text, because a Date of JavaScript would lose the microseconds. */
export const readClock = statement<NoParams, { now: string }>("SELECT clock_timestamp()::text AS now");

/**
 * Part of an INSERT with the parameters `feed`, `channel` and `identity`: the newest batch of this delivery that was
 * set aside so that the delivery can be loaded again.
 */
export const findSetAside = `(
  SELECT max(id) FROM batches
  WHERE feed = $feed AND channel = $channel AND delivery_identity = $identity AND set_aside)`;

/**
 * Inserts a batch with all its pieces, or without pieces if `bytes` is null. Returns no row if the delivery has a batch
 * already. Waits while another session plans the same delivery. The NOT EXISTS is there because an INSERT that meets a
 * conflict still uses up a batch number.
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

/**
 * The batches of these deliveries, for those that have one. `startedAt`: when this run began, as {@link readClock}
 * returned it.
 */
export const findBatches = statement<
  { feed: string; channel: Channel; identities: readonly string[]; startedAt: string },
  { id: number; identity: string; state: BatchState; ended_before: boolean | null }
>(`
  SELECT id, delivery_identity AS identity, state,
         coalesce(failed_at, published_at, retracted_at) < $startedAt::timestamptz AS ended_before
  FROM batches
  WHERE feed = $feed AND channel = $channel AND delivery_identity = ANY ($identities::text[]) AND NOT set_aside`);

/** Sets a failed batch aside, so that its delivery can be planned once more. The old batch stays for the record. */
export const setAside = statement<{ batchId: number }>(
  "UPDATE batches SET set_aside = true WHERE id = $batchId AND state = 'failed' AND NOT set_aside",
);

/**
 * Where a batch came from, and the batch that was made of the same delivery after it was set aside (`later`). `sent`: a
 * client sent it. `gone`: it came through a pipe, which cannot be read again.
 */
export const findDelivery = statement<
  { batchId: number },
  { state: BatchState; source: string; sent: boolean; gone: boolean; later: number | null; later_state: BatchState }
>(`
  SELECT b.state, b.source, b.channel IN ('upload', 'stream') AS sent, b.channel = 'pipe' AS gone,
         later.id AS later, later.state AS later_state
  FROM batches b
  LEFT JOIN batches later ON later.supersedes = b.id
  WHERE b.id = $batchId`);
