import type pg from "pg";
import { makeMonths } from "./piece.sql.js";

/** Longer than ensure_month waits for a lock. */
const TIMEOUT_MS = 15_000;

/**
 * Makes the partitions of these months where they are missing. In a transaction of its own, which ends at once: inside
 * a piece's, the next worker with the same new month would wait until that piece is loaded.
 * @param months first days, as `2021-01-01`.
 */
export async function ensureMonths(pool: pg.Pool, months: readonly string[]): Promise<void> {
  const query: pg.QueryConfig & { query_timeout: number } = {
    text: makeMonths,
    values: [months],
    query_timeout: TIMEOUT_MS,
  };
  await pool.query(query);
}
