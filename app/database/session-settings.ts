/**
 * What a session begins with, so that ALTER DATABASE and ALTER ROLE change nothing: startup options win over both. A
 * pooler in transaction mode passes on only some of them (PgBouncer: DateStyle, TimeZone, standard_conforming_strings),
 * which is why what reads ask for is written the same way under any of these.
 *
 * Left as they are found:
 * - what an operator says of durability, speed and space: synchronous_commit, work_mem, enable_*, plan_cache_mode, jit,
 *   default_statistics_target, default_tablespace. A transaction that needs a certain plan sets what it needs itself.
 * - default_transaction_read_only: an operator wants nothing to be written now. Writers wait, as they do for a standby.
 * - role, row_security: rights. session_replication_role, lc_messages and their like: only a superuser may set them.
 * - lc_monetary, lc_numeric, lc_time, IntervalStyle, xmloption: no statement reads or writes anything that they change.
 */
const EVERY_SESSION = {
  // How values are written. `pg` reads instants in ISO only, and makes null of all others.
  DateStyle: "ISO, MDY",
  bytea_output: "hex",
  // Otherwise Postgres rounds whole numbers that it sends as float8, such as the first byte of a piece.
  extra_float_digits: "1",
  // Decides which day is today. Some zones have skipped a day, which would put prices into another month.
  TimeZone: "UTC",
  // How they are read.
  standard_conforming_strings: "on",
  array_nulls: "on",
  // Where the tables are.
  search_path: "public",
  // Claims and locks must see what others committed while they waited; and a standby refuses `serializable`.
  default_transaction_isolation: "read committed",
  // The pool says how long it keeps a connection.
  idle_session_timeout: "0",
};

/**
 * No limits: a COPY lasts as long as its source, and an audit of a large batch takes long. Short statements set their
 * own.
 */
const WITHOUT_LIMIT = {
  statement_timeout: "0",
  transaction_timeout: "0",
  idle_in_transaction_session_timeout: "0",
  lock_timeout: "0",
};

/** Which limits of time a session has. */
export interface SessionLimits {
  /** False: limits of time stay those of the connection, its role and its database. */
  readonly withoutLimit: boolean;
}

/** The address with these settings. `options` that it already has come after them, and win. */
export function withSessionSettings(url: string, { withoutLimit }: SessionLimits): string {
  const settings = Object.entries({ ...EVERY_SESSION, ...(withoutLimit && WITHOUT_LIMIT) }).map(
    ([name, value]) => `-c ${name}=${value.replaceAll(" ", "\\ ")}`,
  );
  const own = /[?&]options=([^&]*)/.exec(url)?.[1];
  // Spaces as `+`, as in a form: `pg` encodes the address a second time if it finds a character that needs it.
  const options = [settings.join(" ").replaceAll(" ", "+"), ...(own ? [own] : [])].join("+");
  return `${url}${url.includes("?") ? "&" : "?"}options=${options}`;
}
