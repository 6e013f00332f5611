import { type NoParams, statement } from "../database/statement.js";
import { monthKey } from "../rates/month.sql.js";

/** Whether a batch that is not finished has prices of the month, or is about to: its audit would miss them. */
const isWanted = (month: string) => `EXISTS (
  SELECT FROM batches b JOIN pieces p ON p.batch_id = b.id
  WHERE b.state IN ('loading', 'auditing', 'audited') AND ${month} = ANY (p.months))`;

/**
 * Months that ended `retentionDays` ago or earlier and that no unfinished batch has prices of, oldest first. Before
 * them months whose drop has begun, also if such a batch has prices of them: a table can have only one partition that
 * is being detached.
 */
export const listOldMonths = statement<{ retentionDays: number }, { month: string }>(`
  SELECT to_char(month, 'YYYY-MM-DD') AS month
  FROM (
    SELECT to_date(substring(relname FROM '_(\\d{4}_\\d{2})$'), 'YYYY_MM') AS month,
           bool_or(month_step(relname) <> 'attached') AS begun
    FROM pg_class
    WHERE relkind = 'r' AND relnamespace = 'public'::regnamespace AND relname ~ '^(prices|daily_rates)_\\d{4}_\\d{2}$'
    GROUP BY 1
  ) found
  WHERE month + interval '1 month' <= current_date - $retentionDays::integer AND (begun OR NOT ${isWanted("month")})
  ORDER BY begun DESC, month`);

/** Waits until no other session holds the month; then none can until this session ends. */
export const takeMonth = statement<{ month: string }>(`SELECT pg_advisory_lock(${monthKey("$month::date")})`);

/** Whether an unfinished batch has prices of the month; final only while this session holds the month. */
export const readWanted = statement<{ month: string }, { wanted: boolean }>(
  `SELECT ${isWanted("$month::date")} AS wanted`,
);

/** Whether this role may drop partitions, because it owns their tables or is a member of the role that does. */
export const isOwner = statement<NoParams, { owner: boolean }>(`
  SELECT bool_and(pg_has_role(relowner, 'USAGE')) AS owner
  FROM pg_class WHERE oid IN ('prices'::regclass, 'daily_rates'::regclass)`);

/**
 * Days of the month of all batches, seen or not, and the folds of it, which hold no other month; returns how many of
 * the days consumers saw.
 */
export const dropDays = statement<{ month: string }, { seen: number }>(`
  WITH dead AS (
    DELETE FROM dead_months WHERE month = $month::date
  ), dropped AS (
    DELETE FROM batch_days WHERE day >= $month::date AND day < ($month::date + interval '1 month')::date
    RETURNING batch_id, visible
  ), forgotten AS (
    DELETE FROM batches WHERE mode = 'compaction' AND id IN (SELECT batch_id FROM dropped)
  )
  SELECT count(*) FILTER (WHERE visible)::integer AS seen FROM dropped`);

/** How far the drop of a partition is (see month_step); null once it is gone. */
export const readStep = statement<{ table: string }, { step: "attached" | "pending" | "detached" | null }>(
  "SELECT month_step($table) AS step",
);

/**
 * Waits for the sessions that use the parent table now. Other sessions do not wait for it: its lock allows reads and
 * writes.
 */
export const detach = (parent: string, partition: string) =>
  statement(`ALTER TABLE ${parent} DETACH PARTITION ${partition} CONCURRENTLY`);
export const finishDetach = (parent: string, partition: string) =>
  statement(`ALTER TABLE ${parent} DETACH PARTITION ${partition} FINALIZE`);
export const drop = (partition: string) => statement(`DROP TABLE ${partition}`);

/**
 * For the session. After this time it stops waiting, so that sessions queued behind it go on, and tries again later.
 */
export const limitLockWait = statement("SELECT set_config('lock_timeout', '2s', false)");
