-- What the operator says of each Feed in Kubernetes, for the API, which has no rights on Kubernetes. Empty where no
-- operator runs.
CREATE TABLE feed_reports (
  feed text PRIMARY KEY,
  state text NOT NULL,
  message text NOT NULL,
  next_run timestamptz,
  -- Renewed every minute, so that an operator that is away does not look like feeds at rest.
  reported_at timestamptz NOT NULL
);
