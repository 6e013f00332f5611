-- A fold deletes the rows of daily_rates of the batches in it, and finds them by batch. Readers do not wait while this
-- index is made, but audits do. The index has its own transaction: an audit writes rates after it has locked rows of
-- batches, so a transaction that also changes batches could wait for an audit that waits for it.
SET LOCAL lock_timeout = 0;
CREATE INDEX daily_rates_batch ON daily_rates (batch_id);
