import type { BatchState } from "../../batches/batch-state.js";
import { failBatch } from "../../batches/fail.js";
import { findDuplicate, setDuplicate } from "../../batches/publish.sql.js";
import type { Session } from "../../database/queries.js";
import { combineChecksums } from "../../rates/roll-up/checksum.js";
import type { PartTotals } from "../../rates/roll-up/roll-up-prices.js";
import { compareTotals, insertDays, setAudited, type Totals } from "./audit.sql.js";

export interface AuditReport {
  /** `audited`, or where the batch ended instead: `duplicate`, `failed`, or further on if others were faster. */
  readonly state: BatchState;
  /** The published batch that this one repeats. */
  readonly duplicateOf: number | null;
  /** Why it failed. */
  readonly failure: string | null;
}

/** Writes what the prices of each day come to, of a part that begins on `fromDay`. */
export async function writeDays(session: Session, batchId: number, fromDay: string, part: PartTotals): Promise<void> {
  await session.run(insertDays, {
    batchId,
    fromDay,
    days: part.days.map(({ day }) => day),
    prices: part.days.map(({ prices }) => prices),
    priceSums: part.days.map(({ priceSum }) => priceSum),
  });
}

export interface EndOptions {
  /** Of what was read back; those of the parts if not given. */
  readonly checksums?: readonly string[];
  /**
   * False where batches before this one are still to be published: the publish itself looks whether it repeats one.
   * Looked for now, a feed that goes back to earlier prices would seem to repeat what the batch before it is about to
   * replace.
   */
  readonly findsDuplicate?: boolean;
}

/**
 * Compares what was read back with what the pieces promised, and sets the batch's state by it. With the dataset and the
 * row of the batch locked.
 */
export async function endAudit(
  session: Session,
  batchId: number,
  { checksums, findsDuplicate = true }: EndOptions,
): Promise<AuditReport> {
  const totals = (await session.row(compareTotals, { batchId })) as Totals;
  const checksum = combineChecksums(totals.checksums ?? []);
  const foundChecksum = combineChecksums(checksums ?? totals.found_checksums ?? []);
  const loaded = `${totals.rows} prices with a sum of ${totals.price_sum} and the checksum ${checksum}`;
  const found = `${totals.found_rows} prices with a sum of ${totals.found_price_sum} and the checksum ${foundChecksum}`;
  if (found !== loaded) {
    const failure = `The audit found ${found}, but ${loaded} were loaded.`;
    await failBatch(session, batchId, failure);
    return { state: "failed", duplicateOf: null, failure };
  }
  await session.run(setAudited, { batchId, checksum });
  const duplicateOf = findsDuplicate ? ((await session.row(findDuplicate, { batchId }))?.id ?? null) : null;
  if (duplicateOf === null) return { state: "audited", duplicateOf, failure: null };
  await session.run(setDuplicate, { batchId, duplicateOf });
  return { state: "duplicate", duplicateOf, failure: null };
}
