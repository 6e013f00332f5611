import { Checksum } from "../../rates/roll-up/checksum.js";
import { DAYS, firstDayOfMonth, MONTHS, monthOfSlot } from "./day-table.js";

/** Bytes of one row of binary COPY: the number of fields, then six fields, each with its length and four bytes. */
export const ROW_BYTES = 50;
const ORIGIN_AT = 6;
const DESTINATION_AT = 14;
const DAY_AT = 22;
const PRICE_AT = 30;
const BATCH_AT = 38;
const PIECE_AT = 46;

/** The largest price that the column of the table can hold. */
export const MAX_PRICE = 0x7fffffff;

/** Totals of all rows of a piece. */
export interface RowTotals {
  readonly rows: number;
  readonly priceSum: bigint;
  readonly checksum: string;
  /** First days of the months that the prices fall in, ascending. */
  readonly months: readonly string[];
}

/**
 * The prices of one piece as rows of binary COPY, `(origin_id, destination_id, day, price, batch_id, piece)`, with
 * their totals. The buffer is used again and again. Only origin, destination, day and price differ between the rows;
 * all other bytes are written once, at the beginning.
 */
export class Rows {
  /** The rows that were not taken yet are in its first `length` bytes. */
  buffer: Buffer;
  length = 0;
  /** First days of months that are new and whose partitions have not been asked for yet. */
  newMonths: string[] = [];
  readonly #template: Buffer;
  readonly #months = new Uint8Array(MONTHS);
  #rows = 0;
  #priceSum = 0n;
  #recentPriceSum = 0;
  readonly #checksum = new Checksum();

  /** @param capacity the most rows that can be added before they are taken. */
  constructor(batchId: number, piece: number, capacity: number) {
    const template = Buffer.alloc(capacity * ROW_BYTES);
    for (let row = 0; row < template.length; row += ROW_BYTES) {
      template.writeInt16BE(6, row);
      for (let field = 2; field < ROW_BYTES; field += 8) template.writeInt32BE(4, row + field);
      template.writeInt32BE(batchId, row + BATCH_AT);
      template.writeInt32BE(piece, row + PIECE_AT);
    }
    this.#template = template;
    this.buffer = Buffer.from(template);
  }

  /** A second buffer to fill while the first is being sent. */
  createBuffer(): Buffer {
    return Buffer.from(this.#template);
  }

  /**
   * Adds a row.
   * @param slot a slot of {@link DAYS} with a day that exists.
   */
  add(originId: number, destinationId: number, slot: number, price: number): void {
    const day = DAYS[slot] as number;
    const { buffer } = this;
    const at = this.length;
    put(buffer, at + ORIGIN_AT, originId);
    put(buffer, at + DESTINATION_AT, destinationId);
    put(buffer, at + DAY_AT, day);
    put(buffer, at + PRICE_AT, price);
    this.length = at + ROW_BYTES;
    this.#rows += 1;
    this.#recentPriceSum += price;
    const month = monthOfSlot(slot);
    if (this.#months[month] === 0) {
      this.#months[month] = 1;
      this.newMonths.push(firstDayOfMonth(month));
    }
    this.#checksum.add(originId, destinationId, day, price);
  }

  /** Drops the rows in the buffer; their totals stay. Call this at least once for each buffer that was filled. */
  clear(): void {
    this.length = 0;
    // The sum of a piece may be over 2^53 dollars; that of a buffer never is.
    this.#priceSum += BigInt(this.#recentPriceSum);
    this.#recentPriceSum = 0;
  }

  get totals(): RowTotals {
    const months: string[] = [];
    for (let month = 0; month < MONTHS; month += 1) if (this.#months[month] === 1) months.push(firstDayOfMonth(month));
    return {
      rows: this.#rows,
      priceSum: this.#priceSum + BigInt(this.#recentPriceSum),
      checksum: this.#checksum.toString(),
      months,
    };
  }
}

function put(buffer: Buffer, at: number, value: number): void {
  buffer[at] = value >>> 24;
  buffer[at + 1] = value >>> 16;
  buffer[at + 2] = value >>> 8;
  buffer[at + 3] = value;
}
