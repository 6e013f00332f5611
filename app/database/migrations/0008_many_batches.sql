-- A query about batches takes the same time however many batches there are (docs/architecture.md, "Many batches").

-- Totals of the batches of a feed, so that metrics need not count all batches of all time. Batches in states before the
-- publish are not counted here but in `batches`: they are few. If every step of every batch changed one row, a long
-- transaction that keeps the old row versions would slow down all of them.
CREATE TABLE feed_states (
  feed    text NOT NULL,
  state   text NOT NULL,
  batches bigint NOT NULL,
  PRIMARY KEY (feed, state)
);
-- Sums of the columns of the same name in `batches`, over the batches that have them. They only grow.
CREATE TABLE feed_totals (
  feed           text PRIMARY KEY,
  loaded_rows    bigint NOT NULL DEFAULT 0,
  rejected_rows  bigint NOT NULL DEFAULT 0,
  loaded_bytes   bigint NOT NULL DEFAULT 0,
  first_attempts bigint NOT NULL DEFAULT 0,
  retries        bigint NOT NULL DEFAULT 0,
  takeovers      bigint NOT NULL DEFAULT 0,
  -- Id of the last batch that was published for the first time.
  last_published integer
);

-- A trigger, so that changes by the release before are counted too.
CREATE FUNCTION count_batch() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
  IF TG_OP = 'INSERT' OR TG_OP = 'DELETE' OR NEW.state <> OLD.state THEN
    INSERT INTO feed_states AS known (feed, state, batches)
    SELECT feed, state, change
    FROM (VALUES (OLD.feed, OLD.state, -1), (NEW.feed, NEW.state, 1)) AS changed (feed, state, change)
    WHERE feed IS NOT NULL AND state NOT IN ('loading', 'auditing', 'audited')
    -- In one order, or two sessions may each wait for the other.
    ORDER BY feed, state
    ON CONFLICT (feed, state) DO UPDATE SET batches = known.batches + excluded.batches;
  END IF;
  IF TG_OP <> 'DELETE' AND NEW.loaded_rows IS NOT NULL THEN
    INSERT INTO feed_totals AS known
      (feed, loaded_rows, rejected_rows, loaded_bytes, first_attempts, retries, takeovers)
    VALUES (NEW.feed, NEW.loaded_rows - coalesce(OLD.loaded_rows, 0), NEW.rejected_rows - coalesce(OLD.rejected_rows, 0),
            NEW.loaded_bytes - coalesce(OLD.loaded_bytes, 0), NEW.first_attempts - coalesce(OLD.first_attempts, 0),
            NEW.retries - coalesce(OLD.retries, 0), NEW.takeovers - coalesce(OLD.takeovers, 0))
    ON CONFLICT (feed) DO UPDATE SET
      loaded_rows = known.loaded_rows + excluded.loaded_rows,
      rejected_rows = known.rejected_rows + excluded.rejected_rows,
      loaded_bytes = known.loaded_bytes + excluded.loaded_bytes,
      first_attempts = known.first_attempts + excluded.first_attempts,
      retries = known.retries + excluded.retries,
      takeovers = known.takeovers + excluded.takeovers
    WHERE (excluded.loaded_rows, excluded.rejected_rows, excluded.loaded_bytes, excluded.first_attempts,
           excluded.retries, excluded.takeovers) <> (0, 0, 0, 0, 0, 0);
  END IF;
  IF TG_OP <> 'DELETE' AND NEW.published_at IS NOT NULL AND OLD.published_at IS NULL THEN
    INSERT INTO feed_totals (feed, last_published) VALUES (NEW.feed, NEW.id)
    ON CONFLICT (feed) DO UPDATE SET last_published = excluded.last_published;
  END IF;
  RETURN NULL;
END
$$;

-- Publishes and loads wait while this is made: less than a second for 100,000 batches. Readers of batches do not wait.
LOCK TABLE batches IN SHARE ROW EXCLUSIVE MODE;
-- Lists of batches, newest first. The index has (-id) and not id: otherwise the planner would take the primary key for
-- a feed that had many batches, and read all batches since the last one of that feed. With both filters, the order is
-- written differently again, because the planner would take the index of one filter only.
CREATE INDEX batches_of_feed ON batches (feed, (-id)) WHERE mode <> 'compaction';
CREATE INDEX batches_in_state ON batches (state, (-id)) WHERE mode <> 'compaction';
CREATE INDEX batches_of_feed_in_state ON batches (feed, state, (0 - id)) WHERE mode <> 'compaction';
-- Finds batches that an audited batch may repeat.
CREATE INDEX batches_content ON batches (feed, checksum) WHERE state IN ('published', 'compacted');
-- Finds the replace batches that hide earlier ones.
CREATE INDEX batches_replacing ON batches (feed, sequence) WHERE mode = 'replace' AND state = 'published';
-- Finds batches whose rows may have to be deleted.
CREATE INDEX batches_unreclaimed ON batches (id)
  WHERE reclaimed_at IS NULL AND state IN ('failed', 'duplicate', 'retracted', 'compacted');
-- Finds references to a batch that is deleted, such as a fold. The lock for which publishes wait is held meanwhile.
CREATE INDEX batches_repeating ON batches (duplicate_of) WHERE duplicate_of IS NOT NULL;
-- Finds batches that feed_totals does not count yet.
CREATE INDEX batches_not_totalled ON batches (id) WHERE loaded_rows IS NULL AND mode <> 'compaction';
INSERT INTO feed_states (feed, state, batches)
SELECT feed, state, count(*) FROM batches
WHERE mode <> 'compaction' AND state NOT IN ('loading', 'auditing', 'audited') GROUP BY feed, state;
INSERT INTO feed_totals
SELECT feed, coalesce(sum(loaded_rows), 0), coalesce(sum(rejected_rows), 0), coalesce(sum(loaded_bytes), 0),
       coalesce(sum(first_attempts), 0), coalesce(sum(retries), 0), coalesce(sum(takeovers), 0),
       (array_agg(id ORDER BY published_at DESC) FILTER (WHERE published_at IS NOT NULL))[1]
FROM batches WHERE mode <> 'compaction' GROUP BY feed;
-- Runs at the end of a transaction, so that sessions that change batches of one feed wait only for each other's COMMIT.
CREATE CONSTRAINT TRIGGER count_delivery AFTER INSERT OR UPDATE OF state, loaded_rows ON batches
  DEFERRABLE INITIALLY DEFERRED
  FOR EACH ROW WHEN (NEW.mode <> 'compaction') EXECUTE FUNCTION count_batch();
CREATE CONSTRAINT TRIGGER discount_delivery AFTER DELETE ON batches
  DEFERRABLE INITIALLY DEFERRED
  FOR EACH ROW WHEN (OLD.mode <> 'compaction') EXECUTE FUNCTION count_batch();
