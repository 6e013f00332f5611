import { UntrustedServerError } from "./untrusted-server.js";

/**
 * What an error of the database means. The table says what a read, a write over HTTP and an ingest do about each
 * meaning; "again" means that they try again.
 *
 * | meaning | a read | a write over HTTP | an ingest |
 * | --- | --- | --- | --- |
 * | away | again, also at another server; 503 at its deadline | again; 503 at its deadline | again for ten minutes |
 * | conflict | as away | as away | as away |
 * | stale | again at once, on another connection | as away | as away |
 * | locked | never waits for a lock | 503 | again for ten minutes |
 * | full | never writes | 500 | again every ten seconds for ten minutes |
 * | slow | 504 | 504 | fails; long work has no time limit |
 * | changed | 500 | 500 | fails; retention looks again |
 * | unmigrated | 503 | 503 | fails; retention looks again |
 * | lasting | 500 | 500 | fails the batch: the same prices would fail each time |
 *
 * A code without a meaning in this file is a mistake in this program. It is reported, and not tried again.
 */
export type Meaning = "away" | "conflict" | "stale" | "locked" | "full" | "slow" | "changed" | "unmigrated" | "lasting";

/**
 * Meaning of a SQLSTATE. Two characters stand for a whole class.
 * https://www.postgresql.org/docs/17/errcodes-appendix.html
 */
const SQLSTATES: Readonly<Record<string, Meaning>> = {
  // Every connection exception.
  "08": "away",
  // The server is a standby now: another server has become the primary.
  "25006": "away",
  // The server shuts down, has crashed, or is starting.
  "57P01": "away",
  "57P02": "away",
  "57P03": "away",
  // Too many connections; there is room again when another one ends.
  "53300": "away",
  // A serialization failure, a query that a replica had to cancel, or a deadlock, where Postgres ends one of the
  // sessions.
  "40001": "conflict",
  "40P01": "conflict",
  // Happens behind a pooler: the server connection lacks a prepared statement, or has a different one of that name.
  "26000": "stale",
  "42P05": "stale",
  // The lock did not come within lock_timeout.
  "55P03": "locked",
  "53100": "full",
  // The statement was ended by statement_timeout, or an operator cancelled it.
  "57014": "slow",
  // An object is not in the state that the statement expects, because another session has just made the same step.
  "55000": "changed",
  // A table, column or function that a migration of this release adds is missing.
  "42P01": "unmigrated",
  "42703": "unmigrated",
  "42883": "unmigrated",
  // A value that cannot be stored, a violated constraint, or a limit of the server that was exceeded.
  "22": "lasting",
  "23": "lasting",
  "54": "lasting",
};

/**
 * Raised for a prepared plan whose columns have changed their types since. The code 0A000 only means "not supported",
 * so the name of the routine in Postgres is compared too.
 */
const CACHED_PLANS = { code: "0A000", routine: "RevalidateCachedQuery" };

/** Codes of Node.js for a socket that was closed, refused or got no answer. */
const AWAY_CODES = new Set([
  "ECONNREFUSED",
  "ECONNRESET",
  "EPIPE",
  "ETIMEDOUT",
  "EHOSTUNREACH",
  "ENETUNREACH",
  "ENOTFOUND",
  "EAI_AGAIN",
  "ENOENT",
]);

/** `pg` reports these errors without a code. */
const AWAY_MESSAGE =
  /Connection terminated|timeout exceeded when trying to connect|Query read timeout|Client has encountered a connection error|server conn crashed|client_login_timeout|server login has been failing/;

/** What an error means; undefined if it does not tell whether another attempt could succeed. */
export function meaningOf(error: unknown): Meaning | undefined {
  if (!(error instanceof Error)) return undefined;
  // While certificates are replaced, the next connection may find a server, or a file of authorities, that is current.
  if (error instanceof UntrustedServerError) return "away";
  const { code, routine } = error as Error & { readonly code?: unknown; readonly routine?: unknown };
  if (typeof code === "string") {
    if (AWAY_CODES.has(code)) return "away";
    if (code === CACHED_PLANS.code && routine === CACHED_PLANS.routine) return "stale";
    const meaning = SQLSTATES[code] ?? (code.length === 5 ? SQLSTATES[code.slice(0, 2)] : undefined);
    if (meaning !== undefined) return meaning;
  }
  // The answer is larger than JavaScript can hold, and would be so again.
  if (error instanceof RangeError) return "lasting";
  if (error instanceof AggregateError && error.errors.some(isTransient)) return "away";
  return AWAY_MESSAGE.test(error.message) ? "away" : undefined;
}

const TRANSIENT: ReadonlySet<Meaning | undefined> = new Set(["away", "conflict", "stale"]);

/** True if the same statement may succeed if it is tried again: the meaning is away, conflict or stale. */
export function isTransient(error: unknown): boolean {
  return TRANSIENT.has(meaningOf(error));
}

const UNIQUE_VIOLATION = "23505";

/**
 * True if the row already exists. Such an error is `lasting`, except for statements that may meet a row of another
 * session. Those statements ask here.
 */
export function isAlreadyWritten(error: unknown): boolean {
  return error instanceof Error && (error as Error & { readonly code?: unknown }).code === UNIQUE_VIOLATION;
}
