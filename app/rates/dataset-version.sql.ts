import { statement } from "../database/statement.js";

const inMs = (instant: string) => `(extract(epoch FROM ${instant}) * 1000)::bigint`;

/** The last change of all months at once, which is that of places too. */
export const ALL_CHANGED = `dataset.all_version, ${inMs("dataset.all_changed_at")} AS all_changed_at_ms`;

/** The newest change from a first day of a month to another, all months at once included: its version and instant. */
export const newestChange = (firstMonth: string, lastMonth: string) => `greatest(
      ARRAY[dataset.all_version, ${inMs("dataset.all_changed_at")}],
      (SELECT max(ARRAY[m.version, ${inMs("m.changed_at")}]) FROM month_versions m
       WHERE m.month BETWEEN ${firstMonth} AND ${lastMonth}))`;

/**
 * The age by the database's clock: that of this process may be another. `months` says of each that has changed since
 * all did: `YYYY-MM`, version, instant; null if nothing has changed since what is known. Of all of them and not of
 * those with a greater version than the known one: after a failover that lost the last changes, others have their
 * numbers.
 */
export const readDatasetVersion = statement<
  { knownVersion: number; knownAtMs: number },
  {
    version: string;
    changed_at_ms: string;
    age_ms: string;
    all_version: string;
    all_changed_at_ms: string;
    months: string | null;
  }
>(`
  SELECT dataset.version,
         ${inMs("dataset.changed_at")} AS changed_at_ms,
         ${inMs("clock_timestamp() - dataset.changed_at")} AS age_ms,
         ${ALL_CHANGED},
         CASE WHEN (dataset.version, ${inMs("dataset.changed_at")}) <> ($knownVersion::bigint, $knownAtMs::bigint) THEN (
           SELECT coalesce(string_agg(concat_ws(' ', to_char(month, 'YYYY-MM'), version, ${inMs("changed_at")}), ','), '')
           FROM month_versions
         ) END AS months
  FROM dataset`);
