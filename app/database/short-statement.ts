import type pg from "pg";

/** None of the short statements waits for a lock that is held for longer than a commit takes. */
const ANSWER_TIMEOUT_MS = 5_000;

/** A statement that fails if it is not answered soon: the other end may be gone without a word. */
export function shortStatement(query: pg.QueryConfig): pg.QueryConfig {
  const short: pg.QueryConfig & { query_timeout: number } = { ...query, query_timeout: ANSWER_TIMEOUT_MS };
  return short;
}
