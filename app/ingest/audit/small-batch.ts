import { readState } from "../../batches/fail.sql.js";
import type { Database } from "../../database/database.js";
import type { Session } from "../../database/queries.js";
import { isAlreadyWritten } from "../../database/sqlstates.js";
import { lockTreeShared } from "../../places/import-places.sql.js";
import { limitWaits, lockDataset } from "../../rates/dataset.sql.js";
import { rollUpPrices } from "../../rates/roll-up/roll-up-prices.js";
import type { Sums } from "../../rates/roll-up/spare-sums.js";
import { boundPart, findSmall, lockAudited, lockSmall, summarizeMonths } from "./audit.sql.js";
import { type AuditReport, type EndOptions, endAudit, writeDays } from "./end-audit.js";

/** Up to this many prices, one worker audits a batch about as fast as two workers can share its parts. */
const MOST_PRICES = 150_000;
/** Two, because a batch of a few days may begin in one month and end in the next. */
const MOST_MONTHS = 2;

/**
 * Audits a batch with few prices in one transaction, from loading to its end, without parts that workers share. If
 * several workers call this, one does the work and the others wait. If the process is killed, nothing has changed.
 * @param sums the memory for the sums.
 * @returns null, with nothing changed, if the batch is not small, is not loaded, or is no longer in the state loading.
 */
export async function auditSmallBatch(
  database: Database,
  batchId: number,
  sums: Sums,
  end: EndOptions,
): Promise<AuditReport | null> {
  const months = (await database.row(findSmall, { batchId, mostPrices: MOST_PRICES, mostMonths: MOST_MONTHS }))?.months;
  if (!months) return null;
  await database.transaction((session) => session.run(summarizeMonths, { batchId, below: MOST_PRICES + 1 }));
  try {
    return await database.transaction((session) => audit(session, batchId, months, sums, end));
  } catch (error) {
    // Another worker audits the batch in parts, and has written the days of a part.
    if (error instanceof NotSmallError || isAlreadyWritten(error)) return null;
    throw error;
  }
}

/** Rolls the transaction back: the batch has to be audited in parts, or has ended. */
class NotSmallError extends Error {}

async function audit(
  session: Session,
  batchId: number,
  months: readonly { readonly first: string; readonly end: string }[],
  sums: Sums,
  end: EndOptions,
): Promise<AuditReport | null> {
  await session.run(boundPart);
  await session.run(lockTreeShared);
  await session.run(lockSmall, { batchId });
  if ((await session.row(readState, { batchId }))?.state !== "loading") return null;
  const checksums: string[] = [];
  for (const { first, end } of months) {
    const totals = await rollUpPrices(session, { batchId, fromDay: first, toDay: end }, sums);
    // The sums of a month with so many lanes do not fit into the memory. Parts of fewer days do.
    if (totals === null) throw new NotSmallError();
    await writeDays(session, batchId, first, totals);
    checksums.push(totals.checksum);
  }
  await session.run(limitWaits);
  await session.run(lockDataset);
  // The batch has failed in the meantime, or a worker of the release before audits it in parts. In both cases the rows
  // that were written here must go.
  if ((await session.row(lockAudited, { batchId }))?.state !== "loading") throw new NotSmallError();
  return endAudit(session, batchId, { ...end, checksums });
}
