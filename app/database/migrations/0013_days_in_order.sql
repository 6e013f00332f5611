-- A publish or retract finds the days that it shows or hides by an index, however many batches its feed has
-- (docs/architecture.md, "Many batches"). Questions wait while this runs, so the next migration writes the rows.

-- Batches come first, as in a publish.
LOCK TABLE batches, batch_days IN ACCESS EXCLUSIVE MODE;
-- Feed and sequence of the batch while it is published, and whether its mode is `replace`; null otherwise. Triggers
-- write them, so that changes by the release before count too. They do not have the names of the columns of batches:
-- in a join of the two tables that names these without their table, as the release before may have, they would be
-- ambiguous.
ALTER TABLE batch_days
  ADD COLUMN published_feed text,
  ADD COLUMN published_sequence bigint,
  ADD COLUMN replaces boolean;

-- A retracted batch is marked too if rates of it are laid aside: the release before would publish it again without
-- these rates where a later `replace` hides it, and the retract of that would not bring them back.
ALTER TABLE batches ADD CONSTRAINT batches_aside
  CHECK (NOT laid_aside OR state = 'retracted' OR state = 'published' AND mode = 'replace');

CREATE FUNCTION order_days() RETURNS trigger
LANGUAGE plpgsql SET search_path = public, pg_temp AS $$
BEGIN
  IF NEW.state = 'published' THEN
    UPDATE batch_days
    SET published_feed = NEW.feed, published_sequence = NEW.sequence, replaces = NEW.mode = 'replace'
    WHERE batch_id = NEW.id;
  ELSE
    UPDATE batch_days SET published_feed = NULL, published_sequence = NULL, replaces = NULL WHERE batch_id = NEW.id;
  END IF;
  RETURN NULL;
END
$$;
CREATE TRIGGER order_days AFTER UPDATE OF state, feed, sequence ON batches
  FOR EACH ROW WHEN ((OLD.state = 'published', OLD.feed, OLD.sequence) IS DISTINCT FROM
                     (NEW.state = 'published', NEW.feed, NEW.sequence))
  EXECUTE FUNCTION order_days();

-- For a fold: it is published before its days are written.
CREATE FUNCTION order_day() RETURNS trigger
LANGUAGE plpgsql SET search_path = public, pg_temp AS $$
BEGIN
  SELECT b.feed, b.sequence, b.mode = 'replace'
  INTO NEW.published_feed, NEW.published_sequence, NEW.replaces
  FROM batches b WHERE b.id = NEW.batch_id AND b.state = 'published';
  RETURN NEW;
END
$$;
CREATE TRIGGER order_day BEFORE INSERT ON batch_days FOR EACH ROW EXECUTE FUNCTION order_day();

-- Days whose rates are rows of the batch itself: those that a publish may have to hide, or a retract to show.
CREATE INDEX batch_days_own ON batch_days (published_feed, day, published_sequence)
  WHERE published_sequence IS NOT NULL AND fold_id IS NULL AND NOT laid_aside;
-- Finds the `replace` before or behind a batch on a day.
CREATE INDEX batch_days_replacing ON batch_days (published_feed, day, published_sequence) WHERE replaces;
DROP INDEX batch_days_unfolded;
-- Finds the `replace` batches between which batches may be folded: a retracted one may be published again.
DROP INDEX batches_replacing;
CREATE INDEX batches_replacing ON batches (feed, sequence)
  WHERE mode = 'replace' AND state IN ('published', 'retracted');
-- Finds the `replace` batches that may have hidden what a delivery repeats.
CREATE INDEX batches_replaced ON batches (feed, sequence)
  WHERE mode = 'replace' AND state IN ('published', 'compacted');

-- As before, and also notes the months of visible days whose totals change: a retract takes its batch out of a fold,
-- and the day of the fold stays visible. EXCEPT and no join: a session keeps the plan that suits the rows of its first
-- update, and a join that loops over few rows takes seconds over thousands, while all publishes wait.
CREATE OR REPLACE FUNCTION note_months() RETURNS trigger
LANGUAGE plpgsql SET search_path = public, pg_temp AS $$
DECLARE
  noted date[] := nullif(current_setting('ratesapp.changed_months', true), '');
BEGIN
  IF TG_OP = 'UPDATE' THEN
    noted := noted || ARRAY(
      SELECT DISTINCT date_trunc('month', day)::date FROM (
        (SELECT batch_id, day, prices FROM was WHERE visible
         EXCEPT SELECT batch_id, day, prices FROM became WHERE visible)
        UNION ALL
        (SELECT batch_id, day, prices FROM became WHERE visible
         EXCEPT SELECT batch_id, day, prices FROM was WHERE visible)
      ) changed);
  ELSE
    noted := noted || ARRAY(SELECT DISTINCT date_trunc('month', day)::date FROM was WHERE visible);
  END IF;
  PERFORM set_config('ratesapp.changed_months', noted::text, true);
  RETURN NULL;
END
$$;
