-- A new month waited for the vacuum of another month. It gave up after five seconds, again and again if that vacuum
-- prevents a wraparound. The reason was that LOCK TABLE locks the partitions too, unless it says ONLY. The rest of the
-- function is unchanged.
CREATE OR REPLACE FUNCTION ensure_month(wanted date) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp SET lock_timeout = '5s' AS $$
DECLARE
  first  date := date_trunc('month', wanted);
  parent text;
  month  text;
BEGIN
  FOREACH parent IN ARRAY ARRAY['prices', 'daily_rates'] LOOP
    month := parent || to_char(first, '_YYYY_MM');
    IF to_regclass(month) IS NULL THEN
      -- What ATTACH takes anyway. Not an advisory lock: only a lock on a table makes this session look again for the
      -- month that another one has just made.
      EXECUTE format('LOCK TABLE ONLY %I IN SHARE UPDATE EXCLUSIVE MODE', parent);
      IF to_regclass(month) IS NULL THEN
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
