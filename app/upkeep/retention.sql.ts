/**
 * Months that end $1 days ago or earlier, oldest first, with the partitions that are left of them; those of which a
 * batch that is not finished has prices are left alone, as its audit would miss them.
 */
export const listOldMonths = `
  SELECT to_char(month, 'YYYY-MM-DD') AS month
  FROM (
    SELECT DISTINCT to_date(substring(relname FROM '_(\\d{4}_\\d{2})$'), 'YYYY_MM') AS month
    FROM pg_class
    WHERE relkind = 'r' AND relnamespace = 'public'::regnamespace AND relname ~ '^(prices|daily_rates)_\\d{4}_\\d{2}$'
  ) found
  WHERE month + interval '1 month' <= current_date - $1::integer
    AND NOT EXISTS (
      SELECT FROM batches b JOIN pieces p ON p.batch_id = b.id
      WHERE b.state IN ('loading', 'auditing', 'audited') AND date_trunc('month', found.month)::date = ANY (p.months))
  ORDER BY month`;

/** Whether this role may drop partitions, which comes from owning their tables or being a member of who does. */
export const isOwner = `
  SELECT bool_and(pg_has_role(relowner, 'USAGE')) AS owner
  FROM pg_class WHERE oid IN ('prices'::regclass, 'daily_rates'::regclass)`;

/** Days of the month $1 of all batches, seen or not; returns how many consumers saw. */
export const dropDays = `
  WITH dead AS (
    DELETE FROM dead_months WHERE month = $1::date
  ), dropped AS (
    DELETE FROM batch_days WHERE day >= $1::date AND day < ($1::date + interval '1 month')::date RETURNING visible
  )
  SELECT count(*) FILTER (WHERE visible)::integer AS seen FROM dropped`;

/**
 * How far the table $1 is on its way out: 'attached', 'pending' (a detach that was interrupted), 'detached', or null
 * if it is gone.
 */
export const showPartition = `
  SELECT CASE WHEN i.inhrelid IS NULL THEN 'detached' WHEN i.inhdetachpending THEN 'pending' ELSE 'attached' END AS step
  FROM pg_class c LEFT JOIN pg_inherits i ON i.inhrelid = c.oid
  WHERE c.oid = to_regclass($1)`;

/** Waits for whoever still uses the parent, and makes nobody wait: the lock it takes is shared with reads and writes. */
export const detach = (parent: string, partition: string) =>
  `ALTER TABLE ${parent} DETACH PARTITION ${partition} CONCURRENTLY`;
export const finishDetach = (parent: string, partition: string) =>
  `ALTER TABLE ${parent} DETACH PARTITION ${partition} FINALIZE`;
export const drop = (partition: string) => `DROP TABLE ${partition}`;
