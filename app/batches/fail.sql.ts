/**
 * $1 batch, $2 why, $3 whether loading it again would fail the same way. Only a batch that was never visible can fail. Its pieces are no longer handed out, and a worker in
 * the middle of one finds the batch failed when it commits.
 */
export const setFailed = `
  UPDATE batches
  SET state = 'failed', failure = $2, failed_for_good = $3, failed_at = clock_timestamp(), worker = NULL, lease_until = NULL
  WHERE id = $1 AND state IN ('loading', 'auditing', 'audited')
  RETURNING id`;

/** To be asked after the claim, which whoever deletes a failed batch's rows waits for. */
export const showState = "SELECT state FROM batches WHERE id = $1";
