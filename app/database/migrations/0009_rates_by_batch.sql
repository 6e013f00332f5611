-- The rows of daily_rates of what a fold adds up are deleted, and so are found by batch. Readers do not wait while this
-- is made; audits do. It is alone in its transaction: an audit has locked rows of batches when it writes rates, so that
-- with a change of batches in here each could wait for the other.
SET LOCAL lock_timeout = 0;
CREATE INDEX daily_rates_batch ON daily_rates (batch_id);
