import { CopyIn } from "../../database/copy-in.js";
import type { Session } from "../../database/queries.js";
import { countDays } from "../calendar.js";
import type { Histograms, Room } from "./histograms.js";
import type { RateSums } from "./rate-sums.js";

const copyRates = `
  COPY daily_rates (origin_id, destination_id, first_day, batch_id, counts, sums, histograms)
  FROM STDIN WITH (FORMAT binary)`;

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
/** Before a field. */
const LENGTH_BYTES = 4;
/** Holds the longest row, and is at least as much as {@link CopyIn} needs before a buffer can be filled again. */
const BUFFER_BYTES = 256 * 1024;

/** Days since 2000-01-01, as Postgres counts them. */
export function countFromEpoch(day: string): number {
  return countDays("2000-01-01", day) - 1;
}

/** The day of the month, from 0, of a day that is counted from 2000-01-01. */
function dayOfMonthAt(day: number): number {
  return new Date(Date.UTC(2000, 0, 1 + day)).getUTCDate() - 1;
}

/**
 * Writes a row of daily_rates for each lane, from its first day with a price to its last day with a price. The rows
 * come in the order of the index.
 * @param firstDay day 0 of the sums, in days since 2000-01-01.
 * @param histograms of the prices in the sums; not given for lanes of regions, which have none.
 */
export async function writeRates(
  { client }: Session,
  batchId: number,
  firstDay: number,
  rates: RateSums,
  histograms?: Histograms,
): Promise<void> {
  if (rates.lanes === 0) return;
  histograms?.sort(rates);
  const copy = new CopyIn(client, copyRates);
  const mostBytes = SCALARS_BYTES + 2 * (ARRAY_HEAD_BYTES + rates.days * ELEMENT_BYTES) + LENGTH_BYTES;
  const dayOfMonth = dayOfMonthAt(firstDay);
  let room = createRoom();
  let spare = createRoom();
  let at = 0;
  for (const lane of rates.inOrder()) {
    if (at + mostBytes + (histograms?.mostBytes(rates, lane) ?? 0) > BUFFER_BYTES) {
      await copy.write(Buffer.from(room.view.buffer, 0, at));
      [room, spare] = [spare, room];
      at = 0;
    }
    const lengthAt = putRow(room.view, at, batchId, firstDay, rates, lane);
    at = lengthAt + LENGTH_BYTES;
    if (histograms !== undefined) at = histograms.put(room, at, rates, lane, dayOfMonth);
    room.view.setInt32(lengthAt, histograms === undefined ? -1 : at - lengthAt - LENGTH_BYTES);
  }
  await copy.write(Buffer.from(room.view.buffer, 0, at));
  await copy.finish();
}

function createRoom(): Room {
  const bytes = new Uint8Array(BUFFER_BYTES);
  return { view: new DataView(bytes.buffer), bytes };
}

/** Writes one row, without its last field. @returns the position after the row. */
function putRow(view: DataView, at: number, batchId: number, firstDay: number, rates: RateSums, lane: number): number {
  let first = 0;
  let last = rates.days - 1;
  while (first < last && rates.count(lane, first) === 0) first += 1;
  while (last > first && rates.count(lane, last) === 0) last -= 1;
  view.setInt16(at, 7);
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
