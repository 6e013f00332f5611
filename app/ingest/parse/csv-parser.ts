import type { BadLines } from "./bad-lines.js";
import { COLUMN_NAMES, type ColumnName, type Columns } from "./columns.js";
import { DAYS, daySlot, NO_DAY } from "./day-table.js";
import { LineSplitter } from "./line-splitter.js";
import { addPrice, type Fault, type LineFields } from "./line-to-price.js";
import type { PortTable } from "./port-table.js";
import { MAX_PRICE, type Rows } from "./rows.js";
import { splitFields } from "./split-fields.js";

const COMMA = 44;
const LINE_FEED = 10;
const CARRIAGE_RETURN = 13;
const PORT_BYTES = 5;
const DAY_BYTES = 10;
/** Digits of the largest price. */
const PRICE_DIGITS = 10;
/** Bytes of an ordinary line without its price and its line break. */
const FIXED_BYTES = 2 * PORT_BYTES + DAY_BYTES + 3;
const LONGEST_ORDINARY_LINE = FIXED_BYTES + PRICE_DIGITS + 2;

/**
 * Parses lines of CSV whose header is known. Nearly every line is ordinary: no quotes, two codes of five letters, a
 * date of ten characters, a price of some digits. Once the digits of such a line are counted, the places of all its
 * fields are known, in any order of columns, so the parser does not search for commas. All other lines are split into
 * fields, which is slower.
 */
export class CsvParser extends LineSplitter {
  readonly #ports: PortTable;
  readonly #columns: Columns;
  /**
   * Where an ordinary line has each field and comma, in bytes from its beginning. The digits of the price have to be
   * added for those behind the price.
   */
  readonly #layout: Layout;

  constructor(columns: Columns, ports: PortTable, rows: Rows, bad: BadLines) {
    super(rows, bad);
    this.#ports = ports;
    this.#columns = columns;
    this.#layout = layoutOf(columns);
  }

  protected override parseMany(chunk: Buffer, at: number): number {
    const ports = this.#ports;
    const rows = this.rows;
    const { price, origin, destination, day, comma1, comma2, comma3 } = this.#layout;
    const { origin: originMoves, destination: destinationMoves, day: dayMoves } = this.#layout.moves;
    const { comma1: comma1Moves, comma2: comma2Moves, comma3: comma3Moves } = this.#layout.moves;
    const last = chunk.length - LONGEST_ORDINARY_LINE;
    let begin = at;
    let lines = 0;
    while (begin <= last) {
      const priceBegin = begin + price;
      let priceEnd = priceBegin;
      let value = 0;
      let digit = (chunk[priceEnd] as number) - 48;
      while (digit >= 0 && digit <= 9 && priceEnd - priceBegin < PRICE_DIGITS) {
        value = value * 10 + digit;
        priceEnd += 1;
        digit = (chunk[priceEnd] as number) - 48;
      }
      const digits = priceEnd - priceBegin;
      const end = begin + FIXED_BYTES + digits;
      let next = end + 1;
      if (chunk[end] !== LINE_FEED) {
        if (chunk[end] !== CARRIAGE_RETURN || chunk[next] !== LINE_FEED) break;
        next += 1;
      }
      if (
        value < 1 ||
        value > MAX_PRICE ||
        chunk[begin + comma1 + (digits & comma1Moves)] !== COMMA ||
        chunk[begin + comma2 + (digits & comma2Moves)] !== COMMA ||
        chunk[begin + comma3 + (digits & comma3Moves)] !== COMMA
      ) {
        break;
      }
      const originId = ports.find(chunk, begin + origin + (digits & originMoves));
      const destinationId = ports.find(chunk, begin + destination + (digits & destinationMoves));
      if (originId === 0 || destinationId === 0) break;
      const slot = daySlot(chunk, begin + day + (digits & dayMoves));
      if (slot === -1 || DAYS[slot] === NO_DAY) break;
      rows.add(originId, destinationId, slot, value);
      lines += 1;
      begin = next;
    }
    this.lines += lines;
    return begin;
  }

  protected override parseLine(line: Buffer): Fault | null {
    const fields = splitFields(line);
    if (typeof fields === "string") return { column: null, reason: fields };
    if (fields.length < COLUMN_NAMES.length) return { column: null, reason: "a column is missing" };
    if (fields.length > COLUMN_NAMES.length) return { column: null, reason: "a column too many" };
    const named = Object.fromEntries(this.#columns.map((name, index) => [name, fields[index]])) as LineFields;
    return addPrice(named, this.#ports, this.rows);
  }
}

interface Layout {
  readonly price: number;
  readonly origin: number;
  readonly destination: number;
  readonly day: number;
  readonly comma1: number;
  readonly comma2: number;
  readonly comma3: number;
  /**
   * -1 (all bits set) for a field or comma behind the price, whose place moves by the number of digits; otherwise 0.
   */
  readonly moves: Readonly<Record<"origin" | "destination" | "day" | "comma1" | "comma2" | "comma3", 0 | -1>>;
}

function layoutOf(columns: Columns): Layout {
  const width: Record<ColumnName, number> = { orig_code: PORT_BYTES, dest_code: PORT_BYTES, day: DAY_BYTES, price: 0 };
  const begins = columns.map((_, index) =>
    columns.slice(0, index).reduce((sum, name) => sum + (width[name] as number) + 1, 0),
  );
  const priceIndex = columns.indexOf("price");
  const begin = (name: ColumnName) => begins[columns.indexOf(name)] as number;
  const moves = (name: ColumnName) => (columns.indexOf(name) > priceIndex ? -1 : 0);
  const comma = (index: number) => (begins[index] as number) - 1;
  const commaMoves = (index: number) => (index > priceIndex ? -1 : 0);
  return {
    price: begin("price"),
    origin: begin("orig_code"),
    destination: begin("dest_code"),
    day: begin("day"),
    comma1: comma(1),
    comma2: comma(2),
    comma3: comma(3),
    moves: {
      origin: moves("orig_code"),
      destination: moves("dest_code"),
      day: moves("day"),
      comma1: commaMoves(1),
      comma2: commaMoves(2),
      comma3: commaMoves(3),
    },
  };
}
