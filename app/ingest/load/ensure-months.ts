import type { Database } from "../../database/database.js";
import { MonthBusyError } from "./load-error.js";
import { holdMonths } from "./piece.sql.js";

/** The lock of the parents is held until they are made, and other workers wait for it. */
const MONTHS_AT_ONCE = 4;

/**
 * Makes the partitions of these months where they are missing, and keeps them for the piece that is given until its
 * batch has ended. In transactions of their own, which end at once: inside a piece's, the next worker with the same new
 * month would wait until that piece is loaded.
 * @param months first days, as `2021-01-01`.
 * @param piece that is being loaded.
 * @returns false if one of them cannot be had, as it is being dropped, for as long as the database has patience.
 */
export async function ensureMonths(
  database: Database,
  months: readonly string[],
  piece?: { readonly batchId: number; readonly number: number },
): Promise<boolean> {
  const { batchId = null, number = null } = piece ?? {};
  try {
    for (let at = 0; at < months.length; at += MONTHS_AT_ONCE) {
      const some = months.slice(at, at + MONTHS_AT_ONCE);
      await database.transaction(async (session) => {
        const answer = await session.row(holdMonths, { months: some, batchId, number });
        if (!answer?.held) throw new MonthBusyError();
      });
    }
  } catch (error) {
    if (error instanceof MonthBusyError) return false;
    throw error;
  }
  return true;
}
