import type { BatchState } from "../../batches/batch-state.js";
import { failBatch } from "../../batches/fail.js";
import { findDuplicate, setDuplicate } from "../../batches/publish.sql.js";
import type { Session } from "../../database/queries.js";
import { combineChecksums } from "../../rates/roll-up/checksum.js";
import type { PartTotals } from "../../rates/roll-up/roll-up-prices.js";
import { compareTotals, insertDays, setAudited, type Totals } from "./audit.sql.js";

/** How an audit ended. */
export interface AuditReport {
  /** `audited`; or `duplicate` or `failed`; or a later state, if other workers were faster. */
  readonly state: BatchState;
  /** The published batch that this batch repeats, if this batch is a duplicate. */
  readonly duplicateOf: number | null;
  /** Why the batch failed. */
  readonly failure: string | null;
}

/** Writes the number and the sum of prices of each day, for a part that begins on `fromDay`. */
export async function writeDays(session: Session, batchId: number, fromDay: string, part: PartTotals): Promise<void> {
  await session.run(insertDays, {
    batchId,
    fromDay,
    days: part.days.map(({ day }) => day),
    prices: part.days.map(({ prices }) => prices),
    priceSums: part.days.map(({ priceSum }) => priceSum),
  });
}

/** How the end of an audit decides. */
export interface EndOptions {
  /** Checksums of the prices that the audit found. If not given, those that the parts have noted. */
  readonly checksums?: readonly string[];
  /**
   * False if earlier batches are still to be published: then the publish itself looks for a duplicate. Looked for too
   * early, a feed that goes back to earlier prices would seem to repeat prices that an earlier batch is about to
   * replace.
   */
  readonly findsDuplicate?: boolean;
}

/**
 * Compares what the audit found with what the pieces reported, and sets the state of the batch. The caller must have
 * locked the dataset and the row of the batch.
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
