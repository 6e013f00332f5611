import { sleep } from "../sleep.js";

/**
 * SQLSTATEs that say "not now" rather than "not so": a standby where a primary was expected (25006), a server that
 * shuts down, crashed or starts (57P01 to 57P03), too many connections (53300), a serialization failure or deadlock
 * (40001, 40P01), a replica that had to cancel (40001) and every connection exception (class 08).
 * https://www.postgresql.org/docs/17/errcodes-appendix.html
 */
const TRANSIENT_STATES = new Set(["25006", "57P01", "57P02", "57P03", "53300", "40001", "40P01"]);

/** What Node.js says of a socket that was cut, refused or never answered. */
const TRANSIENT_CODES = new Set([
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
const TRANSIENT_MESSAGE =
  /Connection terminated|timeout exceeded when trying to connect|Query read timeout|Client has encountered a connection error|server conn crashed|client_login_timeout|server login has been failing/;

/**
 * A named statement that a connection has prepared and the server no longer has (26000) or has otherwise (42P05), as behind a
 * pooler that does not keep them.
 */
const UNPREPARED_STATES = new Set(["26000", "42P05"]);
/** Which part of Postgres refuses a plan whose columns have other types since; its code (0A000) says only "not supported". */
const CACHED_PLANS = "RevalidateCachedQuery";

/** True for an error of prepared statements: the server is well, and another connection prepares them anew. */
export function isStalePlan(error: unknown): boolean {
  const { code, routine } = error as { code?: unknown; routine?: unknown };
  return UNPREPARED_STATES.has(String(code)) || (code === "0A000" && routine === CACHED_PLANS);
}

/** True for a database error that the same statement may well not meet again a moment later. */
export function isTransient(error: unknown): boolean {
  if (!(error instanceof Error)) return false;
  if (isStalePlan(error)) return true;
  const code = (error as Error & { code?: unknown }).code;
  if (typeof code === "string") {
    if (TRANSIENT_STATES.has(code) || TRANSIENT_CODES.has(code) || /^08...$/.test(code)) return true;
  }
  if (error instanceof AggregateError) return error.errors.some(isTransient);
  return TRANSIENT_MESSAGE.test(error.message);
}

export interface RetryOptions {
  /** No attempt starts after this instant on the scale of performance.now(), as a clock may be set. */
  readonly deadlineMs: number;
  readonly signal?: AbortSignal;
  /** Told before each wait. */
  readonly onRetry?: (error: unknown, attempt: number) => void;
}

const FIRST_WAIT_MS = 25;
const LONGEST_WAIT_MS = 1_000;

/** How long to wait behind the attempt of this number, from 1: with full jitter. */
export function waitAfter(attempt: number): number {
  return Math.random() * Math.min(LONGEST_WAIT_MS, FIRST_WAIT_MS * 2 ** attempt);
}

/**
 * Runs `attempt` until it succeeds, fails for good, or the deadline passes; waits with full jitter in between
 * (https://aws.amazon.com/blogs/architecture/exponential-backoff-and-jitter/). The caller must be safe to repeat.
 * @throws the last error.
 */
export async function retryTransient<T>(attempt: () => Promise<T>, options: RetryOptions): Promise<T> {
  for (let count = 1; ; count += 1) {
    try {
      return await attempt();
    } catch (error) {
      const waitMs = waitAfter(count);
      if (!isTransient(error) || performance.now() + waitMs >= options.deadlineMs) throw error;
      options.onRetry?.(error, count);
      await sleep(waitMs, options.signal);
    }
  }
}
