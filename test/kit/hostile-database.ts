import { databaseUrl, onServer } from "./postgres.js";

let count = 0;

/**
 * Settings that an operator, or another program on the same server, may have made. Each of them has broken something
 * once.
 */
const OF_DATABASE = {
  datestyle: "German",
  timezone: "Pacific/Kiritimati",
  extra_float_digits: "-15",
  standard_conforming_strings: "off",
  default_transaction_isolation: "serializable",
  statement_timeout: "150ms",
  transaction_timeout: "200ms",
  enable_partition_pruning: "off",
  enable_seqscan: "off",
  plan_cache_mode: "force_generic_plan",
  work_mem: "64kB",
};
/** Settings of the role. They have priority over those of the database. */
const OF_ROLE = {
  datestyle: "SQL, DMY",
  intervalstyle: "sql_standard",
  bytea_output: "escape",
  array_nulls: "off",
  search_path: "pg_catalog",
  client_encoding: "LATIN1",
  lock_timeout: "1ms",
  idle_in_transaction_session_timeout: "50ms",
  idle_session_timeout: "100ms",
  enable_indexscan: "off",
  enable_bitmapscan: "off",
  quote_all_identifiers: "on",
  row_security: "off",
  default_statistics_target: "1",
  lc_monetary: "C",
};

export interface HostileDatabase {
  /** Address for a role that owns the database and is not a superuser. */
  readonly url: string;
  drop(): Promise<void>;
}

/** Makes an empty database in which every session begins with unusual settings. */
export async function createHostileDatabase(): Promise<HostileDatabase> {
  count += 1;
  const name = `hostile_${process.pid}_${count}`;
  const set = (settings: Record<string, string>, of: string) =>
    Object.entries(settings).map(
      ([setting, value]) => `ALTER ${of} ${name} SET ${setting} = ${value.includes(",") ? value : `'${value}'`}`,
    );
  await onServer(
    `CREATE ROLE ${name} LOGIN PASSWORD 'x'`,
    `CREATE DATABASE ${name} OWNER ${name}`,
    ...set(OF_DATABASE, "DATABASE"),
    ...set(OF_ROLE, "ROLE"),
  );
  const url = new URL(databaseUrl(name));
  url.username = name;
  url.password = "x";
  return { url: url.href, drop: () => onServer(`DROP DATABASE ${name} WITH (FORCE)`, `DROP ROLE ${name}`) };
}
