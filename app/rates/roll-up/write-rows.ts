import { CopyIn } from "../../database/copy-in.js";
import type { Session } from "../../database/queries.js";
import { countDays } from "../calendar.js";
import type { RateSums } from "./rate-sums.js";

const copyRates =
  "COPY daily_rates (origin_id, destination_id, first_day, batch_id, counts, sums) FROM STDIN WITH (FORMAT binary)";

const BIGINT_OID = 20;
/** In an array of a COPY row, an element has 4 bytes of length and 8 bytes of value. */
const ELEMENT_BYTES = 12;
/**
 * Size of the fields before the arrays: 2 bytes for the number of fields, and four fields with 4 bytes of length and 4
 * of value.
 */
const SCALARS_BYTES = 2 + 4 * 8;
/**
 * Before the elements of an array: length of the field, then dimensions, nulls, element type, number of elements and
 * first index.
 */
const ARRAY_HEAD_BYTES = 4 + 20;
/** At least as much as {@link CopyIn} needs before a buffer can be filled again. */
const BUFFER_BYTES = 256 * 1024;

/** Days since 2000-01-01, as Postgres counts them. */
export function countFromEpoch(day: string): number {
  return countDays("2000-01-01", day) - 1;
}

/**
 * Writes a row of daily_rates for each lane, from its first day with a price to its last day with a price. The rows
 * come in the order of the index.
 * @param firstDay day 0 of the sums, in days since 2000-01-01.
 */
export async function writeRates(
  { client }: Session,
  batchId: number,
  firstDay: number,
  rates: RateSums,
): Promise<void> {
  if (rates.lanes === 0) return;
  const copy = new CopyIn(client, copyRates);
  const mostBytes = SCALARS_BYTES + 2 * (ARRAY_HEAD_BYTES + rates.days * ELEMENT_BYTES);
  let view = new DataView(new ArrayBuffer(BUFFER_BYTES));
  let spare = new DataView(new ArrayBuffer(BUFFER_BYTES));
  let at = 0;
  for (const lane of rates.inOrder()) {
    if (at + mostBytes > BUFFER_BYTES) {
      await copy.write(Buffer.from(view.buffer, 0, at));
      [view, spare] = [spare, view];
      at = 0;
    }
    at = putRow(view, at, batchId, firstDay, rates, lane);
  }
  await copy.write(Buffer.from(view.buffer, 0, at));
  await copy.finish();
}

/** Writes one row. @returns the position after the row. */
function putRow(view: DataView, at: number, batchId: number, firstDay: number, rates: RateSums, lane: number): number {
  let first = 0;
  let last = rates.days - 1;
  while (first < last && rates.count(lane, first) === 0) first += 1;
  while (last > first && rates.count(lane, last) === 0) last -= 1;
  view.setInt16(at, 6);
  putInteger(view, at + 2, rates.origin(lane));
  putInteger(view, at + 10, rates.destination(lane));
  putInteger(view, at + 18, firstDay + first);
  putInteger(view, at + 26, batchId);
  let end = putArrayHead(view, at + SCALARS_BYTES, last - first + 1);
  for (let day = first; day <= last; day += 1) end = putBigint(view, end, rates.count(lane, day));
  end = putArrayHead(view, end, last - first + 1);
  for (let day = first; day <= last; day += 1) end = putBigint(view, end, rates.sum(lane, day));
  return end;
}

function putInteger(view: DataView, at: number, value: number): void {
  view.setInt32(at, 4);
  view.setInt32(at + 4, value);
}

function putArrayHead(view: DataView, at: number, length: number): number {
  view.setInt32(at, ARRAY_HEAD_BYTES - 4 + length * ELEMENT_BYTES);
  view.setInt32(at + 4, 1);
  view.setInt32(at + 8, 0);
  view.setInt32(at + 12, BIGINT_OID);
  view.setInt32(at + 16, length);
  view.setInt32(at + 20, 1);
  return at + ARRAY_HEAD_BYTES;
}

/** @param value a whole number from -2^53 to 2^53. */
function putBigint(view: DataView, at: number, value: number): number {
  view.setInt32(at, 8);
  view.setInt32(at + 4, Math.floor(value / 2 ** 32));
  view.setInt32(at + 8, value);
  return at + ELEMENT_BYTES;
}
