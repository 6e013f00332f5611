import type pg from "pg";

/** Short statements never wait for a lock that is held longer than a commit takes. */
const ANSWER_TIMEOUT_MS = 5_000;

/** Makes a statement fail if no answer comes in time, because the server may have vanished. */
export function shortStatement(query: pg.QueryConfig): pg.QueryConfig {
  const short: pg.QueryConfig & { query_timeout: number } = { ...query, query_timeout: ANSWER_TIMEOUT_MS };
  return short;
}
