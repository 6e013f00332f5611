import { type NoParams, statement } from "../database/statement.js";

/**
 * Number of the newest migration, and the dataset version with the instant at which it grew. `months_since` is the
 * version of every month that {@link readMonthVersions} does not find.
 */
export const readVersion = statement<
  NoParams,
  { schema: number; version: string; changed_at: Date; months_since: string }
>(`
  SELECT (SELECT max(number) FROM schema_migrations)::integer AS schema, version, changed_at,
         all_version AS months_since
  FROM dataset`);

/** In which version each month, `YYYY-MM`, changed last. */
export const readMonthVersions = statement<NoParams, { month: string; version: string }>(
  "SELECT to_char(month, 'YYYY-MM') AS month, version FROM month_versions",
);

/**
 * Prices by month, of batches that are or were published, in the months that consumers see. These rows change only
 * together with the dataset version. Loads, and what upkeep deletes of failed batches, do not count. It reads every
 * page of `prices`, and Postgres verifies the checksum of each.
 */
export const countPrices = statement<NoParams, { month: string; prices: string; price_sum: string }>(`
  SELECT to_char(day, 'YYYY-MM') AS month, sum(prices)::text AS prices, sum(price_sum)::text AS price_sum
  FROM (
    SELECT day, count(*) AS prices, sum(price) AS price_sum
    FROM prices
    WHERE batch_id IN (SELECT id FROM batches WHERE state IN ('published', 'compacted') AND mode <> 'compaction')
    GROUP BY day
  ) days
  WHERE EXISTS (
    SELECT FROM batch_days seen
    WHERE seen.visible AND seen.day >= date_trunc('month', days.day)::date
      AND seen.day < (date_trunc('month', days.day) + interval '1 month')::date)
  GROUP BY 1 ORDER BY 1`);

/** Reads every page of the rates, of which questions read only some. */
export const readAllRates = statement<NoParams, { rates: string }>(
  "SELECT coalesce(sum(counts[1]), 0)::text AS rates FROM daily_rates",
);

/** The part of `daily_rates`, in per cent, that has about so many pages. */
export const shareOfRates = statement<{ pages: number }, { percent: number }>(`
  SELECT least(100, 100.0 * $pages::integer / greatest(1, sum(pg_relation_size(relid))
           / current_setting('block_size')::integer))::float8 AS percent
  FROM pg_partition_tree('daily_rates')`);

/** Questions about rates that are there, chosen at random. Each is about the days of one row, all in one month. */
export const chooseQuestions = statement<
  { percent: number; most: number },
  { origin: string; destination: string; dateFrom: string; dateTo: string }
>(`
  SELECT origin.code AS origin, destination.code AS destination,
         to_char(first_day, 'YYYY-MM-DD') AS "dateFrom",
         to_char(first_day + cardinality(counts) - 1, 'YYYY-MM-DD') AS "dateTo"
  FROM (
    SELECT origin_id, destination_id, first_day, counts
    FROM daily_rates TABLESAMPLE SYSTEM ($percent)
    ORDER BY random() LIMIT $most
  ) chosen
  JOIN places origin ON origin.id = origin_id
  JOIN places destination ON destination.id = destination_id`);

/** What time it is for the server, which gives each commit its time. */
export const readClock = statement<NoParams, { now: Date }>("SELECT clock_timestamp() AS now");

/**
 * Commits a transaction. A restore to a moment ends at the first commit after it, so without one it would fail if
 * nothing was written since.
 */
export const commit = statement("SELECT pg_current_xact_id()");

/** The WAL file that is written now. */
export const readWal = statement<NoParams, { wal: string }>("SELECT pg_walfile_name(pg_current_wal_lsn()) AS wal");

/** True when a WAL file, and so all before it, is in the archive. Files of other kinds are archived in between. */
export const isArchived = statement<{ wal: string }, { archived: boolean }>(`
  SELECT coalesce(last_archived_wal ~ '^[0-9A-F]{24}$' AND last_archived_wal COLLATE "C" >= $wal, false) AS archived
  FROM pg_stat_archiver`);
