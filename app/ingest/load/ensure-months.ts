import type { Database } from "../../database/database.js";
import { MonthBusyError } from "./load-error.js";
import { holdMonths } from "./piece.sql.js";

/** Few, because making partitions holds a lock on their parent tables, and other workers wait for it. */
const MONTHS_AT_ONCE = 4;

/**
 * Makes the partitions of these months if they are missing, and keeps them from being dropped until the batch of the
 * given piece has ended. Uses transactions of its own, which end at once: inside the transaction of the piece, the next
 * worker with the same new month would wait until the piece is loaded.
 * @param months first days, as `2021-01-01`.
 * @param piece the piece that is being loaded, if there is one.
 * @returns false if one of the months is being dropped for longer than the database has patience.
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
