-- Writes the columns of 0013 for the batches of before. It has its own transaction, because questions wait for 0013.
-- They do not wait for this, and loads go on; publishes, retracts and the ends of audits wait.
SELECT FROM dataset FOR UPDATE;
UPDATE batches b SET laid_aside = true
WHERE state = 'retracted' AND compacted_at IS NULL
  AND EXISTS (SELECT FROM batch_days d WHERE d.batch_id = b.id AND d.laid_aside);
-- Most days are in folds. They need no columns: a day leaves its fold only when its batch is retracted.
UPDATE batch_days d
SET published_feed = b.feed, published_sequence = b.sequence, replaces = b.mode = 'replace'
FROM batches b WHERE b.id = d.batch_id AND b.state = 'published' AND d.fold_id IS NULL;
