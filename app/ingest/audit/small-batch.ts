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

/** Prices of a batch that one worker audits about as fast as two would agree on who audits what. */
const MOST_PRICES = 150_000;
/** A batch of some days may lie on both sides of the turn of a month. */
const MOST_MONTHS = 2;

/**
 * Audits a batch with few prices in one transaction, from loading to its end, without parts that workers share: of
 * several, one does it while the others wait. Killed at any point, nothing has happened.
 * @param sums memory to add up in.
 * @returns null, with nothing done, for a batch that is not small, is not loaded, or has gone on otherwise.
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
    // Another worker, which shares the batch in parts, has written the days of one.
    if (error instanceof NotSmallError || isAlreadyWritten(error)) return null;
    throw error;
  }
}

/** Undoes what was written of a batch that has to be audited otherwise. */
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
    // Too many lanes for the memory: parts of fewer days fit.
    if (totals === null) throw new NotSmallError();
    await writeDays(session, batchId, first, totals);
    checksums.push(totals.checksum);
  }
  await session.run(limitWaits);
  await session.run(lockDataset);
  // It was failed meanwhile, or a worker of the release before shares it in parts: what is written here is in its way.
  if ((await session.row(lockAudited, { batchId }))?.state !== "loading") throw new NotSmallError();
  return endAudit(session, batchId, { ...end, checksums });
}
