import type pg from "pg";
import { holdMonths } from "./piece.sql.js";

/** Longer than ensure_month waits for a lock. */
const TIMEOUT_MS = 15_000;
/** The lock of the parents is held until they are made, and other workers wait for it. */
const MONTHS_AT_ONCE = 4;

/**
 * Makes the partitions of these months where they are missing, and keeps them for the piece that is given until its
 * batch has ended. In transactions of their own, which end at once: inside a piece's, the next worker with the same new
 * month would wait until that piece is loaded.
 * @param months first days, as `2021-01-01`.
 * @param piece that is being loaded.
 * @returns false if one of them cannot be had now, as it is being dropped.
 */
export async function ensureMonths(
  pool: pg.Pool,
  months: readonly string[],
  piece?: { readonly batchId: number; readonly number: number },
): Promise<boolean> {
  for (let at = 0; at < months.length; at += MONTHS_AT_ONCE) {
    const query: pg.QueryConfig & { query_timeout: number } = {
      text: holdMonths,
      values: [months.slice(at, at + MONTHS_AT_ONCE), piece?.batchId ?? null, piece?.number ?? null],
      query_timeout: TIMEOUT_MS,
    };
    const { rows } = await pool.query<{ held: boolean }>(query);
    if (!rows[0]?.held) return false;
  }
  return true;
}
