-- Three columns say how a delivery came, what identifies it, and which batch a retry supersedes. Until now, `identity`
-- had all three, with a prefix ('upload ', 'stream ', 'pipe ') and a suffix (' (failed as batch 7)').
--
-- The release before still reads and writes `identity`, so a trigger keeps it and the columns equal, in both
-- directions. A migration of a later release will remove `identity`, its UNIQUE (feed, identity) and the trigger, and
-- will make batches_delivery unique where not set_aside (CONTRIBUTING.md, "What waits to be taken away").

ALTER TABLE batches
  -- 'upload': pieces that a client sends; 'stream': one body that a client sends. Null for a compaction.
  ADD COLUMN channel text CHECK (channel IN ('file', 'http', 's3', 'pipe', 'generated', 'upload', 'stream')),
  -- Identifies the delivery among those that came in the same way: name, size and version, or an upload's
  -- Idempotency-Key.
  ADD COLUMN delivery_identity text,
  -- True if the batch failed and was set aside for another try, which makes a new batch of the same delivery.
  ADD COLUMN set_aside boolean NOT NULL DEFAULT false,
  -- The batch that was set aside for this one.
  ADD COLUMN supersedes integer REFERENCES batches;

-- Not unique yet: the release before names (feed, identity) in its ON CONFLICT. If two of its workers planned the same
-- delivery at the same time, a second unique index would make one of them fail.
CREATE INDEX batches_delivery ON batches (feed, channel, delivery_identity);
CREATE INDEX batches_supersedes ON batches (supersedes) WHERE supersedes IS NOT NULL;

CREATE FUNCTION keep_identity() RETURNS trigger
LANGUAGE plpgsql SET search_path = public, pg_temp AS $$
DECLARE
  suffix text := format(' (failed as batch %s)', NEW.id);
BEGIN
  IF TG_OP = 'INSERT' AND NEW.channel IS NOT NULL THEN
    -- By this release. A file that is called as the identity of an upload begins must not pass for one.
    NEW.identity := CASE WHEN NEW.channel IN ('upload', 'stream', 'pipe') THEN NEW.channel || ' ' ELSE '' END
      || CASE WHEN NEW.channel NOT IN ('upload', 'stream', 'pipe')
                   AND NEW.delivery_identity ~ '^([.]/)*(upload|stream|pipe) ' THEN './' ELSE '' END
      || NEW.delivery_identity;
    -- The same name, size and version, come another way: another delivery.
    IF EXISTS (SELECT FROM batches WHERE feed = NEW.feed AND identity = NEW.identity AND channel <> NEW.channel) THEN
      NEW.identity := format('%s (%s)', NEW.identity, NEW.channel);
    END IF;
  ELSIF TG_OP = 'UPDATE' AND OLD.channel IS NOT NULL AND NEW.identity = OLD.identity || suffix THEN
    -- Laid aside by the release before.
    NEW.set_aside := true;
  ELSIF TG_OP = 'UPDATE' AND NEW.set_aside AND NOT OLD.set_aside THEN
    -- Laid aside by this release.
    NEW.identity := OLD.identity || suffix;
  ELSIF TG_OP = 'INSERT' OR OLD.channel IS NULL OR NEW.identity <> OLD.identity THEN
    -- By the release before, now or earlier.
    NEW.set_aside := right(NEW.identity, length(suffix)) = suffix;
    NEW.delivery_identity := CASE WHEN NEW.set_aside THEN left(NEW.identity, -length(suffix)) ELSE NEW.identity END;
    NEW.channel := coalesce(substring(NEW.delivery_identity FROM '^(upload|stream|pipe) '), CASE
      WHEN starts_with(NEW.source, 's3://') THEN 's3'
      WHEN NEW.source ~ '^https?://' THEN 'http'
      WHEN starts_with(NEW.source, 'generated:') THEN 'generated'
      ELSE 'file' END);
    NEW.delivery_identity := regexp_replace(NEW.delivery_identity,
      CASE WHEN NEW.channel IN ('upload', 'stream', 'pipe') THEN '^[a-z]+ '
           ELSE '^[.]/(?=([.]/)*(upload|stream|pipe) )' END, '');
    NEW.supersedes := (
      SELECT max(id) FROM batches
      WHERE feed = NEW.feed AND channel = NEW.channel AND delivery_identity = NEW.delivery_identity AND set_aside
        AND id < NEW.id);
  END IF;
  RETURN NEW;
END
$$;
CREATE TRIGGER keep_identity BEFORE INSERT OR UPDATE OF identity, set_aside ON batches
  FOR EACH ROW WHEN (NEW.mode <> 'compaction') EXECUTE FUNCTION keep_identity();

-- In order, so that each batch finds the earlier ones that were set aside.
DO $$
DECLARE
  known integer;
BEGIN
  FOR known IN SELECT id FROM batches WHERE mode <> 'compaction' ORDER BY id LOOP
    UPDATE batches SET identity = identity WHERE id = known;
  END LOOP;
END
$$;
ALTER TABLE batches ADD CONSTRAINT batches_delivery_known
  CHECK (mode = 'compaction' OR channel IS NOT NULL AND delivery_identity IS NOT NULL);
