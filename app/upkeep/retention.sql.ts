import { type NoParams, statement } from "../database/statement.js";
import { monthKey } from "../rates/month.sql.js";

/**
 * True if a batch that is not finished has prices of the month, or is about to have some: its audit would not find them
 * if the month were dropped.
 */
const isWanted = (month: string) => `EXISTS (
  SELECT FROM batches b JOIN pieces p ON p.batch_id = b.id
  WHERE b.state IN ('loading', 'auditing', 'audited') AND ${month} = ANY (p.months))`;

/**
 * Months that ended `retentionDays` ago or earlier and of which no unfinished batch has prices, the oldest first.
 * Months whose drop has begun come before them, even if an unfinished batch has prices of them: only one partition of a
 * table can be in the middle of its detach.
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

/** Takes the lock of a month for this session. Waits until no other session holds the lock. */
export const takeMonth = statement<{ month: string }>(`SELECT pg_advisory_lock(${monthKey("$month::date")})`);

/**
 * Whether an unfinished batch has prices of the month. The answer can change unless this session holds the lock of the
 * month.
 */
export const readWanted = statement<{ month: string }, { wanted: boolean }>(
  `SELECT ${isWanted("$month::date")} AS wanted`,
);

/** Whether this role may drop partitions: it must own the tables, or be a member of the role that owns them. */
export const isOwner = statement<NoParams, { owner: boolean }>(`
  SELECT bool_and(pg_has_role(relowner, 'USAGE')) AS owner
  FROM pg_class WHERE oid IN ('prices'::regclass, 'daily_rates'::regclass)`);

/**
 * Deletes the days of the month from all batches, whether consumers saw them or not, and the folds of the month, which
 * hold no other month. Returns how many of the days consumers saw.
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

/**
 * How far the drop of a partition is (the function month_step of the migrations names the steps); null once the
 * partition is gone.
 */
export const readStep = statement<{ table: string }, { step: "attached" | "pending" | "detached" | null }>(
  "SELECT month_step($table) AS step",
);

/**
 * Detaches a partition. Waits for the sessions that use the parent table now. Other sessions do not wait, because the
 * lock allows reads and writes.
 */
export const detach = (parent: string, partition: string) =>
  statement(`ALTER TABLE ${parent} DETACH PARTITION ${partition} CONCURRENTLY`);
/** Ends a detach that another session began and did not end. */
export const finishDetach = (parent: string, partition: string) =>
  statement(`ALTER TABLE ${parent} DETACH PARTITION ${partition} FINALIZE`);
/** Deletes a partition that is detached. */
export const drop = (partition: string) => statement(`DROP TABLE ${partition}`);

/**
 * Limits how long this session waits for a lock, so that sessions queued behind it can go on. The caller then tries
 * again later.
 */
export const limitLockWait = statement("SELECT set_config('lock_timeout', '2s', false)");
