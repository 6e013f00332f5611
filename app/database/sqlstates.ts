/**
 * What an error of the database means, and what a read, a write over HTTP and an ingest do about it:
 *
 * | meaning | a read | a write over HTTP | an ingest |
 * | --- | --- | --- | --- |
 * | away | again, also elsewhere; 503 at its deadline | again; 503 at its deadline | again for ten minutes |
 * | conflict | as away | as away | as away |
 * | stale | again at once, on another connection | as away | as away |
 * | locked | waits for no lock | 503 | again for ten minutes |
 * | full | writes nothing | 500 | again every ten seconds for ten minutes |
 * | slow | 504 | 504 | fails; what may take long has no limit |
 * | changed | 500 | 500 | fails; retention looks again |
 * | unmigrated | 503 | 503 | fails; retention looks again |
 * | lasting | 500 | 500 | fails the batch: the same prices would meet it each time |
 *
 * A code without a meaning here is a mistake in this program: it is reported, and not tried again.
 */
export type Meaning = "away" | "conflict" | "stale" | "locked" | "full" | "slow" | "changed" | "unmigrated" | "lasting";

/**
 * By code, or by the first two characters of it for a whole class.
 * https://www.postgresql.org/docs/17/errcodes-appendix.html
 */
const SQLSTATES: Readonly<Record<string, Meaning>> = {
  // Every connection exception.
  "08": "away",
  // The server is a standby: the primary has moved to another one.
  "25006": "away",
  // A server that shuts down, crashed, or starts.
  "57P01": "away",
  "57P02": "away",
  "57P03": "away",
  // Too many connections; a place is free when another one ends.
  "53300": "away",
  // A serialization failure, a query that a replica had to cancel, or a deadlock, in which one session is ended.
  "40001": "conflict",
  "40P01": "conflict",
  // Behind a pooler: the server connection lacks a prepared statement, or has another one of that name.
  "26000": "stale",
  "42P05": "stale",
  // The lock did not come within lock_timeout.
  "55P03": "locked",
  "53100": "full",
  // statement_timeout ended it, or an operator cancelled it.
  "57014": "slow",
  // An object is in another state than the statement expects: another session has just made this step.
  "55000": "changed",
  // A table, column or function that the migration of this release brings.
  "42P01": "unmigrated",
  "42703": "unmigrated",
  "42883": "unmigrated",
  // An impossible value, a broken constraint, or a limit of the server that is passed.
  "22": "lasting",
  "23": "lasting",
  "54": "lasting",
};

/**
 * A prepared plan whose columns have changed their types since. The code 0A000 means only "not supported", so the
 * routine in Postgres that raised it is compared too.
 */
const CACHED_PLANS = { code: "0A000", routine: "RevalidateCachedQuery" };

/** What Node.js says of a socket that was cut, refused or never answered. */
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

/** pg reports these without a code. */
const AWAY_MESSAGE =
  /Connection terminated|timeout exceeded when trying to connect|Query read timeout|Client has encountered a connection error|server conn crashed|client_login_timeout|server login has been failing/;

/** Undefined for an error that does not tell whether another attempt could succeed. */
export function meaningOf(error: unknown): Meaning | undefined {
  if (!(error instanceof Error)) return undefined;
  const { code, routine } = error as Error & { readonly code?: unknown; readonly routine?: unknown };
  if (typeof code === "string") {
    if (AWAY_CODES.has(code)) return "away";
    if (code === CACHED_PLANS.code && routine === CACHED_PLANS.routine) return "stale";
    const meaning = SQLSTATES[code] ?? (code.length === 5 ? SQLSTATES[code.slice(0, 2)] : undefined);
    if (meaning !== undefined) return meaning;
  }
  // The answer is larger than JavaScript can hold, and would be again.
  if (error instanceof RangeError) return "lasting";
  if (error instanceof AggregateError && error.errors.some(isTransient)) return "away";
  return AWAY_MESSAGE.test(error.message) ? "away" : undefined;
}

const TRANSIENT: ReadonlySet<Meaning | undefined> = new Set(["away", "conflict", "stale"]);

/** True if the same statement may succeed a moment later. */
export function isTransient(error: unknown): boolean {
  return TRANSIENT.has(meaningOf(error));
}

const UNIQUE_VIOLATION = "23505";

/**
 * True if the row is there already. It is `lasting` unless the statement may meet a row of another session, which asks
 * here.
 */
export function isAlreadyWritten(error: unknown): boolean {
  return error instanceof Error && (error as Error & { readonly code?: unknown }).code === UNIQUE_VIOLATION;
}
