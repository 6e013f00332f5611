import type pg from "pg";
import { countDays } from "../../rates/calendar.js";
import { CopyIn } from "../load/copy-in.js";
import type { RateSums } from "./rate-sums.js";

const copyRates =
  "COPY daily_rates (origin_id, destination_id, first_day, batch_id, counts, sums) FROM STDIN WITH (FORMAT binary)";

const BIGINT_OID = 20;
const BIGINT_BYTES = 8;
/** Field count, and four fields of a length and four bytes. */
const SCALARS_BYTES = 2 + 4 * 8;
/** Length of the field; then dimensions, nulls, type of the elements, how many, and where they begin to count. */
const ARRAY_HEAD_BYTES = 4 + 20;
/** At least what {@link CopyIn} wants before a buffer is filled again. */
const BUFFER_BYTES = 256 * 1024;

/** Days since 2000-01-01, how Postgres counts. */
export function countFromEpoch(day: string): number {
  return countDays("2000-01-01", day) - 1;
}

/**
 * Writes a row of daily_rates for each lane, from its first day with a price to its last, in the order of the index.
 * @param firstDay day 0 of the sums, in days since 2000-01-01.
 */
export async function writeRates(
  client: pg.ClientBase,
  batchId: number,
  firstDay: number,
  rates: RateSums,
): Promise<void> {
  if (rates.lanes === 0) return;
  const copy = new CopyIn(client, copyRates);
  const mostBytes = SCALARS_BYTES + 2 * (ARRAY_HEAD_BYTES + rates.days * (4 + BIGINT_BYTES));
  let buffer = Buffer.allocUnsafe(BUFFER_BYTES);
  let spare = Buffer.allocUnsafe(BUFFER_BYTES);
  let sending: Promise<void> = Promise.resolve();
  let at = 0;
  for (const lane of rates.inOrder()) {
    if (at + mostBytes > BUFFER_BYTES) {
      await sending;
      sending = copy.write(buffer.subarray(0, at));
      // Awaited later; until then a failure must not count as unhandled.
      sending.catch(() => {});
      [buffer, spare] = [spare, buffer];
      at = 0;
    }
    at = putRow(buffer, at, batchId, firstDay, rates, lane);
  }
  await sending;
  await copy.write(buffer.subarray(0, at));
  await copy.finish();
}

/** @returns where the row ends. */
function putRow(buffer: Buffer, at: number, batchId: number, firstDay: number, rates: RateSums, lane: number): number {
  let first = 0;
  let last = rates.days - 1;
  while (first < last && rates.count(lane, first) === 0) first += 1;
  while (last > first && rates.count(lane, last) === 0) last -= 1;
  let end = buffer.writeInt16BE(6, at);
  for (const value of [rates.origin(lane), rates.destination(lane), firstDay + first, batchId]) {
    end = buffer.writeInt32BE(4, end);
    end = buffer.writeInt32BE(value, end);
  }
  end = putArrayHead(buffer, end, last - first + 1);
  for (let day = first; day <= last; day += 1) end = putBigint(buffer, end, rates.count(lane, day));
  end = putArrayHead(buffer, end, last - first + 1);
  for (let day = first; day <= last; day += 1) end = putBigint(buffer, end, rates.sum(lane, day));
  return end;
}

function putArrayHead(buffer: Buffer, at: number, length: number): number {
  let end = buffer.writeInt32BE(ARRAY_HEAD_BYTES - 4 + length * (4 + BIGINT_BYTES), at);
  for (const value of [1, 0, BIGINT_OID, length, 1]) end = buffer.writeInt32BE(value, end);
  return end;
}

/** @param value whole, up to 2^53. */
function putBigint(buffer: Buffer, at: number, value: number): number {
  buffer.writeInt32BE(BIGINT_BYTES, at);
  buffer.writeUInt32BE(Math.floor(value / 2 ** 32), at + 4);
  return buffer.writeUInt32BE(value >>> 0, at + 8);
}
