/**
 * What a session begins with, so that nothing hangs on what ALTER DATABASE or ALTER ROLE say of it: startup options win
 * over both. A pooler in transaction mode passes on only some of them (PgBouncer: DateStyle, TimeZone,
 * standard_conforming_strings), which is why what reads ask for is written the same way under any of these.
 *
 * Left as they are found:
 * - what an operator says of durability, speed and space: synchronous_commit, work_mem, enable_*, plan_cache_mode, jit,
 *   default_statistics_target, default_tablespace. Where an answer hangs on a plan, its transaction says so itself.
 * - default_transaction_read_only: an operator wants nothing to be written now. Writers wait, as they do for a standby.
 * - role, row_security: rights. session_replication_role, lc_messages and their like: only a superuser may set them.
 * - lc_monetary, lc_numeric, lc_time, IntervalStyle, xmloption: no statement reads or writes anything that they change.
 */
const EVERY_SESSION = {
  // How values are written. `pg` reads instants in ISO only, and makes null of all others.
  DateStyle: "ISO, MDY",
  bytea_output: "hex",
  // Or whole numbers that travel as float8, such as the first byte of a piece, are rounded.
  extra_float_digits: "1",
  // Whose today it is; and a day that some zone has skipped lies in another month there.
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
 * A COPY lasts as long as its source takes, and an audit as long as the batch is large. What is to end early says so.
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

/** The address with these settings; `options` that it has itself come behind them, and win. */
export function withSessionSettings(url: string, { withoutLimit }: SessionLimits): string {
  const settings = Object.entries({ ...EVERY_SESSION, ...(withoutLimit && WITHOUT_LIMIT) }).map(
    ([name, value]) => `-c ${name}=${value.replaceAll(" ", "\\ ")}`,
  );
  const own = /[?&]options=([^&]*)/.exec(url)?.[1];
  // As a form writes it: `pg` encodes once more where it finds a character that ought to be.
  const options = [settings.join(" ").replaceAll(" ", "+"), ...(own ? [own] : [])].join("+");
  return `${url}${url.includes("?") ? "&" : "?"}options=${options}`;
}
