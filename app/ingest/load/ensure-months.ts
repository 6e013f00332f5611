import type pg from "pg";
import { inTransaction } from "../../database/transaction.js";
import { limitLockWait, makeMonths } from "./piece.sql.js";

/**
 * Makes the partitions of these months where they are missing. In a transaction of its own, which ends at once: inside
 * a piece's, the next worker with the same new month would wait until that piece is loaded.
 * @param months first days, as `2021-01-01`.
 */
export async function ensureMonths(pool: pg.Pool, months: readonly string[]): Promise<void> {
  await inTransaction(pool, async (client) => {
    await client.query(limitLockWait);
    await client.query(makeMonths, [months]);
  });
}
