import type { BadLines } from "./bad-lines.js";
import { COLUMN_NAMES, type ColumnName } from "./columns.js";
import { DAYS, daySlot, NO_DAY } from "./day-table.js";
import { LineSplitter } from "./line-splitter.js";
import { addPrice, type Fault } from "./line-to-price.js";
import type { PortTable } from "./port-table.js";
import { MAX_PRICE, type Rows } from "./rows.js";

const LINE_FEED = 10;
const CARRIAGE_RETURN = 13;
const SPACE = 32;
const QUOTE = 34;
const COMMA = 44;
const COLON = 58;
const OPEN = 123;
const CLOSE = 125;
const PRICE_DIGITS = 10;
/**
 * Ordinary lines are shorter than this, white space included. The last bytes of a chunk are parsed by the slower way.
 */
const LONGEST_ORDINARY_LINE = 160;

const KEYS = COLUMN_NAMES.map((name) => Buffer.from(name));

/**
 * Parses lines of NDJSON, such as `{"orig_code":"CNSGH","dest_code":"NLRTM","day":"2021-01-31","price":1234}`, with the
 * members in any order. Lines without escapes are read directly from their bytes, all others with JSON.parse.
 */
export class NdjsonParser extends LineSplitter {
  readonly #ports: PortTable;

  constructor(ports: PortTable, rows: Rows, bad: BadLines) {
    super(rows, bad);
    this.#ports = ports;
  }

  protected override parseMany(chunk: Buffer, at: number): number {
    const last = chunk.length - LONGEST_ORDINARY_LINE;
    let begin = at;
    while (begin <= last) {
      const next = this.#parseOrdinary(chunk, begin);
      if (next === -1) break;
      this.lines += 1;
      begin = next;
    }
    return begin;
  }

  /** Adds the row of an ordinary line. Returns where the next line begins; -1 if the line is not ordinary. */
  #parseOrdinary(chunk: Buffer, begin: number): number {
    if (chunk[begin] !== OPEN) return -1;
    const limit = begin + LONGEST_ORDINARY_LINE - 2;
    let originId = 0;
    let destinationId = 0;
    let slot = -1;
    let price = 0;
    let at = begin + 1;
    for (let member = 0; member < 4; member += 1) {
      at = skipSpaces(chunk, at);
      if (chunk[at] !== QUOTE) return -1;
      const column = columnAt(chunk, at + 1);
      if (column === -1) return -1;
      at = skipSpaces(chunk, at + 2 + (KEYS[column] as Buffer).length);
      if (chunk[at] !== COLON) return -1;
      at = skipSpaces(chunk, at + 1);
      if (column === 3) {
        const first = at;
        let digit = (chunk[at] as number) - 48;
        // JSON has no leading zeros.
        if (price !== 0 || digit === 0) return -1;
        while (digit >= 0 && digit <= 9 && at - first < PRICE_DIGITS) {
          price = price * 10 + digit;
          at += 1;
          digit = (chunk[at] as number) - 48;
        }
      } else {
        const length = column === 2 ? 10 : 5;
        if (chunk[at] !== QUOTE || chunk[at + 1 + length] !== QUOTE) return -1;
        if (column === 2) {
          if (slot !== -1) return -1;
          slot = daySlot(chunk, at + 1);
        } else if (column === 0) {
          if (originId !== 0) return -1;
          originId = this.#ports.find(chunk, at + 1);
        } else {
          if (destinationId !== 0) return -1;
          destinationId = this.#ports.find(chunk, at + 1);
        }
        at += length + 2;
      }
      at = skipSpaces(chunk, at);
      if (chunk[at] !== (member === 3 ? CLOSE : COMMA) || at > limit) return -1;
      at += 1;
    }
    if (chunk[at] === CARRIAGE_RETURN) at += 1;
    if (chunk[at] !== LINE_FEED) return -1;
    if (originId === 0 || destinationId === 0 || slot === -1 || DAYS[slot] === NO_DAY) return -1;
    if (price < 1 || price > MAX_PRICE) return -1;
    this.rows.add(originId, destinationId, slot, price);
    return at + 1;
  }

  protected override parseLine(line: Buffer): Fault | null {
    const text = line.toString("utf8");
    let value: unknown;
    try {
      value = JSON.parse(text);
    } catch {
      return { column: null, reason: "not JSON" };
    }
    if (typeof value !== "object" || value === null || Array.isArray(value)) {
      return { column: null, reason: "not a JSON object" };
    }
    const missing = COLUMN_NAMES.find((name) => !Object.hasOwn(value, name));
    if (missing) return { column: missing, reason: "a column is missing" };
    if (Object.keys(value).length > COLUMN_NAMES.length) return { column: null, reason: "a column too many" };
    const members = value as Record<ColumnName, unknown>;
    const notText = TEXT_NAMES.find((name) => typeof members[name] !== "string");
    if (notText) return { column: notText, reason: "not a string" };
    const { price } = members;
    if (typeof price !== "number") return { column: "price", reason: "not a number" };
    // JSON.parse takes the last of two members with the same name, and it rounds numbers. So the text is checked:
    // outside of its strings it must have one colon for each member, and one number.
    const outsideStrings = text.replace(STRINGS, "");
    if (outsideStrings.split(":").length - 1 > COLUMN_NAMES.length) return { column: null, reason: "a column twice" };
    if (!isWhole(outsideStrings)) return { column: "price", reason: price < 0 ? "negative" : "not a whole number" };
    const bytes = (name: ColumnName) => Buffer.from(members[name] as string, "utf8");
    const fields = {
      orig_code: bytes("orig_code"),
      dest_code: bytes("dest_code"),
      day: bytes("day"),
      // Limited, because String() would write a larger number with an exponent.
      price: Buffer.from(String(Math.max(Number.MIN_SAFE_INTEGER, Math.min(price, Number.MAX_SAFE_INTEGER)))),
    };
    return addPrice(fields, this.#ports, this.rows);
  }
}

const TEXT_NAMES = ["orig_code", "dest_code", "day"] as const;
const STRINGS = /"[^"\\]*(?:\\.[^"\\]*)*"/g;
const NUMBER = /(\d+)(?:\.(\d+))?(?:[eE]([+-]?\d+))?/;

/**
 * True if the only number in a text is whole to its last digit, in whatever way it is written. JSON.parse would round
 * some digits away.
 */
function isWhole(text: string): boolean {
  const [, whole = "", fraction = "", exponent = "0"] = NUMBER.exec(text) ?? [];
  const digits = whole + fraction;
  let end = digits.length;
  while (end > 0 && digits[end - 1] === "0") end -= 1;
  return end === 0 || end - whole.length <= Number(exponent);
}

function skipSpaces(chunk: Buffer, from: number): number {
  let at = from;
  while (chunk[at] === SPACE) at += 1;
  return at;
}

/** The index of the column whose name, with a closing quote, begins at `at`; -1 if there is none. */
function columnAt(chunk: Buffer, at: number): number {
  const first = chunk[at];
  // Two of the names begin with "d".
  const column = first === 111 ? 0 : first === 112 ? 3 : first === 100 ? (chunk[at + 1] === 97 ? 2 : 1) : -1;
  if (column === -1) return -1;
  const key = KEYS[column] as Buffer;
  for (let index = 1; index < key.length; index += 1) if (chunk[at + index] !== key[index]) return -1;
  return chunk[at + key.length] === QUOTE ? column : -1;
}
