/** Whether a batch that is not finished has prices of the month, or is about to: its audit would miss them. */
const isWanted = (month: string) => `EXISTS (
  SELECT FROM batches b JOIN pieces p ON p.batch_id = b.id
  WHERE b.state IN ('loading', 'auditing', 'audited') AND ${month} = ANY (p.months))`;

/**
 * Months that end $1 days ago or earlier and that nobody wants, oldest first. Before them those that are on their way out,
 * whoever wants them: a table can have one such partition at a time.
 */
export const listOldMonths = `
  SELECT to_char(month, 'YYYY-MM-DD') AS month
  FROM (
    SELECT to_date(substring(relname FROM '_(\\d{4}_\\d{2})$'), 'YYYY_MM') AS month,
           bool_or(month_step(relname) <> 'attached') AS begun
    FROM pg_class
    WHERE relkind = 'r' AND relnamespace = 'public'::regnamespace AND relname ~ '^(prices|daily_rates)_\\d{4}_\\d{2}$'
    GROUP BY 1
  ) found
  WHERE month + interval '1 month' <= current_date - $1::integer AND (begun OR NOT ${isWanted("month")})
  ORDER BY begun DESC, month`;

const monthKey = (month: string) => `hashtext('ratesapp.month'), to_char(${month}, 'YYYYMM')::integer`;

/** From now on nobody else has the month $1, or gets it, until the session ends. */
export const takeMonth = `SELECT pg_advisory_lock(${monthKey("$1::date")})`;

/** The month $1 stays until the transaction ends; false if it is on its way out. */
export const keepMonth = `SELECT pg_try_advisory_xact_lock_shared(${monthKey("$1::date")}) AS kept`;

/** To be asked once the month is taken. $1 month. */
export const showWanted = `SELECT ${isWanted("$1::date")} AS wanted`;

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

/** Of the table $1: how far it is on its way out, see month_step; null once it is gone. */
export const showStep = "SELECT month_step($1) AS step";

/** Waits for whoever still uses the parent, and makes nobody wait: the lock it takes is shared with reads and writes. */
export const detach = (parent: string, partition: string) =>
  `ALTER TABLE ${parent} DETACH PARTITION ${partition} CONCURRENTLY`;
export const finishDetach = (parent: string, partition: string) =>
  `ALTER TABLE ${parent} DETACH PARTITION ${partition} FINALIZE`;
export const drop = (partition: string) => `DROP TABLE ${partition}`;
