-- Prices that cannot be written to their month while they are loaded; their audit moves them there. They belong to a
-- piece with more months than one transaction should lock, or to a month that is being dropped at that moment.
CREATE TABLE prices_aside (LIKE prices);
CREATE INDEX prices_aside_batch ON prices_aside (batch_id, day);

-- State of the table of a month: 'attached', 'pending' (its detach was interrupted), 'detached', or null if it does not
-- exist.
CREATE FUNCTION month_step(month text) RETURNS text
LANGUAGE sql STABLE SET search_path = public, pg_temp AS $$
  SELECT CASE WHEN i.inhrelid IS NULL THEN 'detached' WHEN i.inhdetachpending THEN 'pending' ELSE 'attached' END
  FROM pg_class c LEFT JOIN pg_inherits i ON i.inhrelid = c.oid
  WHERE c.oid = to_regclass(month)
$$;

-- As before. It also finishes the detach of a retention run that was killed, because a month that is being removed
-- takes no prices.
CREATE OR REPLACE FUNCTION ensure_month(wanted date) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp SET lock_timeout = '5s' AS $$
DECLARE
  first  date := date_trunc('month', wanted);
  parent text;
  month  text;
  step   text;
BEGIN
  FOREACH parent IN ARRAY ARRAY['prices', 'daily_rates'] LOOP
    month := parent || to_char(first, '_YYYY_MM');
    IF month_step(month) IS DISTINCT FROM 'attached' THEN
      -- What ATTACH takes anyway. Not an advisory lock: only a lock on a table makes this session look again for the
      -- month that another one has just made.
      EXECUTE format('LOCK TABLE ONLY %I IN SHARE UPDATE EXCLUSIVE MODE', parent);
      step := month_step(month);
      IF step = 'pending' THEN
        EXECUTE format('ALTER TABLE %I DETACH PARTITION %I FINALIZE', parent, month);
      END IF;
      IF step IN ('pending', 'detached') THEN
        EXECUTE format('DROP TABLE %I', month);
      END IF;
      IF step IS DISTINCT FROM 'attached' THEN
        EXECUTE format('CREATE TABLE %I (LIKE %I INCLUDING ALL)', month, parent);
        -- Statistics of the batches so far say that a new one has no rows, and plans for none are slow for millions.
        EXECUTE format('ALTER TABLE %I ALTER COLUMN batch_id SET STATISTICS 0', month);
        EXECUTE format('ALTER TABLE %I ATTACH PARTITION %I FOR VALUES FROM (%L) TO (%L)',
                       parent, month, first, (first + interval '1 month')::date);
      END IF;
    END IF;
  END LOOP;
END
$$;

-- Makes missing months, and notes that the piece (if given) has prices of them, so that retention does not drop them
-- before the batch has ended. Returns false, and notes nothing, if a month is not available: it is being dropped, or
-- its lock did not come in time. Retention has the exclusive lock of a month while it drops it.
CREATE FUNCTION hold_months(wanted date[], batch integer, piece integer) RETURNS boolean
LANGUAGE plpgsql SET search_path = public, pg_temp AS $$
DECLARE
  month date;
BEGIN
  FOREACH month IN ARRAY wanted LOOP
    IF NOT pg_try_advisory_xact_lock_shared(hashtext('ratesapp.month'), to_char(month, 'YYYYMM')::integer) THEN
      RETURN false;
    END IF;
    PERFORM ensure_month(month);
  END LOOP;
  UPDATE pieces SET months = ARRAY(SELECT DISTINCT unnest(months || wanted))
  WHERE batch_id = batch AND number = piece AND state = 'loading';
  RETURN true;
EXCEPTION WHEN lock_not_available OR deadlock_detected THEN
  RETURN false;
END
$$;
