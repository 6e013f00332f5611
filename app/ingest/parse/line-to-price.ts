import { isUtf8 } from "node:buffer";
import type { ColumnName } from "./columns.js";
import { DAYS, daySlot, FIRST_YEAR, LAST_YEAR, NO_DAY } from "./day-table.js";
import { MAX_LINE_BYTES } from "./limits.js";
import type { PortTable } from "./port-table.js";
import { MAX_PRICE, type Rows } from "./rows.js";

/**
 * Why a line cannot be loaded, and which column is at fault, if it is a single one. There are only a few fixed reasons,
 * because bad lines are counted by reason.
 */
export interface Fault {
  readonly column: ColumnName | null;
  readonly reason: string;
}

/** The four values of a line, as the file has them, without quotes. */
export type LineFields = Readonly<Record<ColumnName, Buffer>>;

/** What is wrong with the bytes of a line as a whole; null if nothing is. Fields are checked later. */
export function faultOfBytes(line: Buffer): Fault | null {
  if (line.length > MAX_LINE_BYTES) return { column: null, reason: "longer than 1 MiB" };
  if (line.includes(0)) return { column: null, reason: "a NUL byte" };
  if (!isUtf8(line)) return { column: null, reason: "not valid UTF-8" };
  return null;
}

/** Adds the price of a line to the rows; or returns why it cannot be added. */
export function addPrice(fields: LineFields, ports: PortTable, rows: Rows): Fault | null {
  const originId = portId(fields.orig_code, ports);
  if (originId === 0) return { column: "orig_code", reason: "unknown port" };
  const destinationId = portId(fields.dest_code, ports);
  if (destinationId === 0) return { column: "dest_code", reason: "unknown port" };
  const slot = fields.day.length === 10 ? daySlot(fields.day, 0) : -1;
  if (slot === -1) {
    return /^\d{4}-(0[1-9]|1[0-2])-(0[1-9]|[12]\d|3[01])$/.test(fields.day.toString("latin1"))
      ? { column: "day", reason: `not between the years ${FIRST_YEAR} and ${LAST_YEAR}` }
      : { column: "day", reason: "not a date like 2021-01-31" };
  }
  if (DAYS[slot] === NO_DAY) return { column: "day", reason: "a day that does not exist" };
  const price = readPrice(fields.price);
  if (typeof price === "string") return { column: "price", reason: price };
  rows.add(originId, destinationId, slot, price);
  return null;
}

function portId(code: Buffer, ports: PortTable): number {
  return code.length === 5 ? ports.find(code, 0) : 0;
}

/** The price, a whole number of dollars from 1 to 2147483647; or what is wrong with the field. */
function readPrice(field: Buffer): number | string {
  const text = field.toString("latin1");
  if (text === "") return "empty";
  if (/^\d+$/.test(text)) {
    const price = Number(text);
    if (price === 0) return "zero";
    return price > MAX_PRICE ? `over ${MAX_PRICE}` : price;
  }
  if (/^-\d+(\.\d+)?$/.test(text)) return "negative";
  if (/^\d*\.\d+$|^\d+\.$/.test(text)) return "not a whole number";
  return "not a number";
}
