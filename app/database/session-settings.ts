/**
 * Settings that every session begins with, so that ALTER DATABASE and ALTER ROLE cannot change them: startup options
 * have priority over both. A pooler in transaction mode passes on only some of them (PgBouncer: DateStyle, TimeZone,
 * standard_conforming_strings). So what reads select is written in the same way under any of these settings.
 *
 * These settings are left alone:
 * - Durability, speed and space, which an operator decides: synchronous_commit, work_mem, enable_*, plan_cache_mode,
 *   jit, default_statistics_target, default_tablespace. A transaction that needs a certain plan sets what it needs.
 * - default_transaction_read_only: with it, an operator wants no writes now. Writers wait, as they do for a standby.
 * - role, row_security: they concern rights. session_replication_role, lc_messages and similar: only a superuser may
 *   set them.
 * - lc_monetary, lc_numeric, lc_time, IntervalStyle, xmloption: no statement reads or writes anything that they change.
 */
const EVERY_SESSION = {
  // How values are written. `pg` reads instants in ISO form only, and turns all others into null.
  DateStyle: "ISO, MDY",
  bytea_output: "hex",
  // With lower values, Postgres rounds whole numbers that it sends as float8, such as the first byte of a piece.
  extra_float_digits: "1",
  // Decides which day it is now. Some time zones have skipped a day, which would put prices into another month.
  TimeZone: "UTC",
  // How values are read.
  standard_conforming_strings: "on",
  array_nulls: "on",
  // Where the tables are.
  search_path: "public",
  // Claims and locks must see what other sessions committed while they waited. And a standby refuses `serializable`.
  default_transaction_isolation: "read committed",
  // The pool decides how long it keeps a connection.
  idle_session_timeout: "0",
};

/**
 * No limits. A COPY takes as long as its source, and an audit of a large batch takes long. Short statements set their
 * own limit.
 */
const WITHOUT_LIMIT = {
  statement_timeout: "0",
  transaction_timeout: "0",
  idle_in_transaction_session_timeout: "0",
  lock_timeout: "0",
};

/** Whether a session has time limits. */
export interface SessionLimits {
  /** With false, the time limits of the connection, its role and its database apply. */
  readonly withoutLimit: boolean;
}

/** Adds these settings to the address. Its own `options` come after them and have priority. */
export function withSessionSettings(url: string, { withoutLimit }: SessionLimits): string {
  const settings = Object.entries({ ...EVERY_SESSION, ...(withoutLimit && WITHOUT_LIMIT) }).map(
    ([name, value]) => `-c ${name}=${value.replaceAll(" ", "\\ ")}`,
  );
  const own = /[?&]options=([^&]*)/.exec(url)?.[1];
  // Spaces are written as `+`, as in a form: `pg` encodes the address again if it contains a character that needs
  // encoding.
  const options = [settings.join(" ").replaceAll(" ", "+"), ...(own ? [own] : [])].join("+");
  return `${url}${url.includes("?") ? "&" : "?"}options=${options}`;
}
