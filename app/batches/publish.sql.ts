import { statement } from "../database/statement.js";
import type { BatchState } from "./batch-state.js";
import type { DeliveryMode } from "./delivery.js";
import { hasOwnRates } from "./visibility.sql.js";

/** The locked row of a batch: what decides whether the batch can be published or retracted. */
export interface LockedBatch {
  readonly id: number;
  readonly state: BatchState;
  readonly mode: DeliveryMode | "compaction";
  readonly published_at: Date | null;
  readonly compacted_at: Date | null;
  readonly reclaimed_at: Date | null;
  readonly too_old: boolean | null;
}

/** Reads and locks a batch. The database compares the ages, because the clocks of pods disagree. */
export const lockBatch = statement<{ batchId: number; retractableDays: number }, LockedBatch>(`
  SELECT id, state, mode, published_at, compacted_at, reclaimed_at,
         published_at < clock_timestamp() - make_interval(days => $retractableDays::integer) AS too_old
  FROM batches WHERE id = $batchId FOR UPDATE`);

/**
 * Publishes a batch, whose rates are all written again by then. A batch that was published before keeps its sequence
 * and the time of its first publish, so that publishing it after a retract restores exactly what consumers saw.
 */
export const setPublished = statement<{ batchId: number }>(`
  UPDATE batches
  SET state = 'published', sequence = coalesce(sequence, nextval('batch_sequence')),
      published_at = coalesce(published_at, clock_timestamp()), retracted_at = NULL,
      laid_aside = false
  WHERE id = $batchId`);

/**
 * Retracts a batch. The batch keeps its sequence, so that a later publish restores exactly what consumers saw. What a
 * fold counted of it is laid aside from now on, and what was laid aside stays so.
 */
export const setRetracted = statement<{ batchId: number }>(`
  UPDATE batches
  SET state = 'retracted', laid_aside = folded OR laid_aside, folded = false, retracted_at = clock_timestamp()
  WHERE id = $batchId`);

/**
 * A batch that this batch would only repeat: same feed, mode and content. On each day of this batch, consumers must see
 * the other batch, or the fold or compaction that counts it, and no later batch (`replace`) may have hidden it there.
 * Without this condition, a feed that goes back to earlier prices would be ignored.
 */
export const findDuplicate = statement<{ batchId: number }, { id: number }>(`
  SELECT o.id
  FROM batches b JOIN batches o ON o.feed = b.feed AND o.mode = b.mode AND o.checksum = b.checksum AND o.id <> b.id
  WHERE b.id = $batchId AND o.state IN ('published', 'compacted')
    AND NOT EXISTS (
      SELECT FROM batch_days own
      WHERE own.batch_id = b.id AND (
        NOT EXISTS (
          WITH RECURSIVE held AS (
            SELECT day, fold_id, visible FROM batch_days WHERE batch_id = o.id AND day = own.day
            UNION ALL
            SELECT fold.day, fold.fold_id, fold.visible
            FROM held JOIN batch_days fold ON fold.batch_id = held.fold_id AND fold.day = held.day
          )
          SELECT FROM held WHERE fold_id IS NULL AND visible)
        AND NOT EXISTS (
          SELECT FROM batch_days d JOIN batches holder ON holder.id = d.batch_id
          WHERE o.compacted_at IS NOT NULL AND d.published_feed = o.feed AND d.day = own.day AND ${hasOwnRates("d")}
            AND d.published_sequence >= o.sequence AND d.visible AND holder.mode = 'compaction')
        OR o.mode = 'replace' AND EXISTS (
          SELECT FROM batch_days later
          WHERE later.published_feed = o.feed AND later.day = own.day AND ${hasOwnRates("later")}
            AND later.published_sequence > o.sequence AND later.visible)))
    AND NOT (
      o.compacted_at IS NOT NULL AND EXISTS (
        SELECT FROM batches later
        WHERE later.feed = o.feed AND later.mode = 'replace' AND later.state IN ('published', 'compacted')
          AND later.sequence > o.sequence))
  ORDER BY o.id
  LIMIT 1`);

/** Ends a batch that only repeats another batch. Reclaim deletes its rows afterwards. */
export const setDuplicate = statement<{ batchId: number; duplicateOf: number }>(`
  UPDATE batches
  SET state = 'duplicate', duplicate_of = $duplicateOf, failed_at = clock_timestamp(), worker = NULL, lease_until = NULL
  WHERE id = $batchId`);
