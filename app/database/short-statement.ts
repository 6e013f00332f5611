import type pg from "pg";

/** None of the short statements waits for a lock that is held for longer than a commit takes. */
const ANSWER_TIMEOUT_MS = 5_000;

/** A statement that fails if it gets no answer soon, because the server may have vanished. */
export function shortStatement(query: pg.QueryConfig): pg.QueryConfig {
  const short: pg.QueryConfig & { query_timeout: number } = { ...query, query_timeout: ANSWER_TIMEOUT_MS };
  return short;
}
