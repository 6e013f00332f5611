import { statement } from "../database/statement.js";

const inMs = (instant: string) => `(extract(epoch FROM ${instant}) * 1000)::bigint`;

/** The last change of all months at once, such as a change of places. */
export const ALL_CHANGED = `dataset.all_version, ${inMs("dataset.all_changed_at")} AS all_changed_at_ms`;

/**
 * The newest change of a range of months (each given by its first day), as version and instant. Changes of all months
 * at once count too.
 */
export const newestChange = (firstMonth: string, lastMonth: string) => `greatest(
      ARRAY[dataset.all_version, ${inMs("dataset.all_changed_at")}],
      (SELECT max(ARRAY[m.version, ${inMs("m.changed_at")}]) FROM month_versions m
       WHERE m.month BETWEEN ${firstMonth} AND ${lastMonth}))`;

/**
 * Reads the version of the dataset. `age_ms` is computed with the database's clock, because the clock of this process
 * may differ. `months` is null if nothing has changed since the known version. Otherwise it lists every month that has
 * changed since the last change of all months: `YYYY-MM`, version and instant. It must list all of them, and not only
 * those with a version above the known one: after a failover that lost the last changes, other changes may have the
 * same versions.
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
