import { to } from "pg-copy-streams";
import type { Session } from "../../database/queries.js";
import { type PackedPrices, packPrices } from "./roll-up.sql.js";

/** Takes one price. @param day index from `fromDay`, which is 0. */
export type TakePrice = (originId: number, destinationId: number, day: number, price: number) => void;

/**
 * The head of a binary COPY: signature, flags and the length of the extension, which is 0; then the number of fields
 * and the length of the field.
 */
const HEAD_BYTES = 19 + 2 + 4;
const LENGTH_AT = HEAD_BYTES - 4;
const PRICE_BYTES = 16;

/** Passes every price to `take`. It keeps all prices in memory: 16 bytes each. */
export async function readPrices({ client }: Session, prices: PackedPrices, take: TakePrice): Promise<void> {
  const chunks: Buffer[] = [];
  // COPY is used because `pg` reads the fields of all other results as text.
  for await (const chunk of client.query(to(packPrices(prices))) as AsyncIterable<Buffer>) chunks.push(chunk);
  const { buffer, byteOffset, byteLength } = Buffer.concat(chunks);
  const view = new DataView(buffer, byteOffset, byteLength);
  // The length is -1 if there are no prices.
  const end = HEAD_BYTES + view.getInt32(LENGTH_AT);
  for (let at = HEAD_BYTES; at < end; at += PRICE_BYTES) {
    take(view.getInt32(at), view.getInt32(at + 4), view.getInt32(at + 8), view.getInt32(at + 12));
  }
}
