/** $1 batch, $2 retractableDays. Ages are compared here, because pods' clocks disagree. */
export const lockBatch = `
  SELECT id, state, mode, published_at, compacted_at, reclaimed_at,
         published_at < clock_timestamp() - make_interval(days => $2::integer) AS too_old
  FROM batches WHERE id = $1 FOR UPDATE`;

/** The sequence and the instant of the first publish stay, so that an undo restores exactly what was. */
export const setPublished = `
  UPDATE batches
  SET state = 'published', sequence = coalesce(sequence, nextval('batch_sequence')),
      published_at = coalesce(published_at, clock_timestamp()), retracted_at = NULL
  WHERE id = $1`;

export const setRetracted = "UPDATE batches SET state = 'retracted', retracted_at = clock_timestamp() WHERE id = $1";

/**
 * A batch of the same feed, mode and content that batch $1 would only repeat: on each of its days consumers see the
 * other one, or a compaction that folded it, and nothing that came later has hidden it there (`replace`), or a feed that
 * goes back to earlier prices would be ignored.
 */
export const findDuplicate = `
  SELECT o.id
  FROM batches b JOIN batches o ON o.feed = b.feed AND o.mode = b.mode AND o.checksum = b.checksum AND o.id <> b.id
  WHERE b.id = $1 AND o.state IN ('published', 'compacted')
    AND NOT EXISTS (
      SELECT FROM batch_days own
      WHERE own.batch_id = b.id AND NOT EXISTS (
        SELECT FROM batch_days d JOIN batches holder ON holder.id = d.batch_id
        WHERE d.day = own.day AND d.visible
          AND (holder.id = o.id
               OR o.compacted_at IS NOT NULL AND holder.mode = 'compaction' AND holder.feed = o.feed
                  AND holder.sequence >= o.sequence)))
    AND NOT EXISTS (
      SELECT FROM batch_days own
      JOIN batch_days d ON d.day = own.day AND d.visible
      JOIN batches later ON later.id = d.batch_id AND later.feed = o.feed AND later.sequence > o.sequence
      WHERE own.batch_id = b.id AND o.mode = 'replace')
    AND NOT EXISTS (
      SELECT FROM batches later
      WHERE o.compacted_at IS NOT NULL AND later.feed = o.feed AND later.mode = 'replace'
        AND later.state IN ('published', 'compacted') AND later.sequence > o.sequence)
  ORDER BY o.id
  LIMIT 1`;

export const setDuplicate = `
  UPDATE batches SET state = 'duplicate', duplicate_of = $2, failed_at = clock_timestamp(), worker = NULL, lease_until = NULL
  WHERE id = $1`;
