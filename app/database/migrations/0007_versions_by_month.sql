-- When the visible data of each month changed last, so that a publish does not end answers about other months.
--
-- Triggers write it, so that changes by every release count. One trigger notes the months of days that become visible
-- or invisible. If the dataset version grows in the same transaction, these months have changed. If the version grows
-- and no day was written, as when places change, all months have changed. Folds and compaction move visible days too,
-- but then the version does not grow.
CREATE TABLE month_versions (
  month      date PRIMARY KEY, -- its first day
  version    bigint NOT NULL, -- of the dataset, since then
  changed_at timestamptz NOT NULL
);

LOCK TABLE batch_days IN SHARE ROW EXCLUSIVE MODE;
-- The last change of all months at once. A month without a row in month_versions has not changed since.
ALTER TABLE dataset ADD COLUMN all_version bigint, ADD COLUMN all_changed_at timestamptz;
UPDATE dataset SET all_version = version, all_changed_at = changed_at;
ALTER TABLE dataset ALTER COLUMN all_version SET NOT NULL, ALTER COLUMN all_changed_at SET NOT NULL;

-- The noted months, until the transaction ends. After that, the setting is ''.
CREATE FUNCTION note_months() RETURNS trigger
LANGUAGE plpgsql SET search_path = public, pg_temp AS $$
DECLARE
  noted date[] := nullif(current_setting('ratesapp.changed_months', true), '');
BEGIN
  IF TG_OP = 'UPDATE' THEN
    noted := noted || ARRAY(
      SELECT DISTINCT date_trunc('month', day)::date FROM was JOIN became USING (batch_id, day)
      WHERE was.visible <> became.visible);
  ELSE
    noted := noted || ARRAY(SELECT DISTINCT date_trunc('month', day)::date FROM was WHERE visible);
  END IF;
  PERFORM set_config('ratesapp.changed_months', noted::text, true);
  RETURN NULL;
END
$$;
CREATE TRIGGER note_months_shown AFTER UPDATE ON batch_days
  REFERENCING OLD TABLE AS was NEW TABLE AS became FOR EACH STATEMENT EXECUTE FUNCTION note_months();
CREATE TRIGGER note_months_dropped AFTER DELETE ON batch_days
  REFERENCING OLD TABLE AS was FOR EACH STATEMENT EXECUTE FUNCTION note_months();

CREATE FUNCTION grow_months() RETURNS trigger
LANGUAGE plpgsql SET search_path = public, pg_temp AS $$
DECLARE
  noted date[] := nullif(current_setting('ratesapp.changed_months', true), '');
BEGIN
  IF noted IS NULL THEN
    NEW.all_version := NEW.version;
    NEW.all_changed_at := NEW.changed_at;
    DELETE FROM month_versions;
  ELSE
    INSERT INTO month_versions (month, version, changed_at)
    SELECT DISTINCT unnest(noted), NEW.version, NEW.changed_at
    ON CONFLICT (month) DO UPDATE SET version = excluded.version, changed_at = excluded.changed_at;
  END IF;
  RETURN NEW;
END
$$;
CREATE TRIGGER grow_months BEFORE UPDATE ON dataset FOR EACH ROW EXECUTE FUNCTION grow_months();
