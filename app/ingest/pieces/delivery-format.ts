import type { Columns } from "../parse/columns.js";
import { type Format, HeaderReader } from "../parse/header-reader.js";
import { MAX_LINE_BYTES } from "../parse/limits.js";
import type { SourceObject } from "../sources/source.js";

/** The first bytes of an object that can be read in ranges; fewer than `bytes` if the object is shorter. */
export async function readFirstBytes(object: SourceObject, bytes: number, signal?: AbortSignal): Promise<Buffer> {
  const chunks: Buffer[] = [];
  for await (const chunk of object.read(0, bytes, signal)) chunks.push(Buffer.from(chunk));
  return Buffer.concat(chunks);
}

/**
 * Most bytes that are read to find the header. A header is one line, and a line has at most 1 MiB, so reading more
 * would be in vain.
 */
export const MOST_HEADER_BYTES = MAX_LINE_BYTES + 1024;

/** Format and columns of a delivery. A worker must know them before it reads in the middle of the delivery. */
export interface DeliveryFormat {
  readonly format: Format;
  readonly columns: Columns;
}

const WHITE_SPACE = new Set([0x20, 0x09, 0x0a, 0x0d, 0xef, 0xbb, 0xbf]);
const BRACE = 0x7b;

/**
 * The format of a delivery that begins with these bytes: NDJSON begins with a brace, after white space or a byte order
 * mark. Null if there is nothing else yet.
 */
function formatOf(bytes: Buffer): Format | null {
  const first = bytes.find((byte) => !WHITE_SPACE.has(byte));
  if (first === undefined) return null;
  return first === BRACE ? "ndjson" : "csv";
}

/**
 * Reads the format and the columns from the first bytes of a delivery.
 * @throws {HeaderError} if the header cannot be read.
 */
export async function readDeliveryFormat(chunks: AsyncIterable<Buffer>): Promise<DeliveryFormat> {
  let format: Format | null = null;
  let reader: HeaderReader | undefined;
  let unread: Buffer = Buffer.alloc(0);
  for await (const chunk of chunks) {
    unread = Buffer.concat([unread, chunk]);
    format ??= formatOf(unread);
    // A server may send a byte order mark or an empty line in a packet of its own.
    if (format === null) continue;
    reader ??= new HeaderReader(format, null);
    const header = reader.read(unread);
    if (header) return { format, columns: header.columns };
    unread = Buffer.alloc(0);
  }
  format ??= "csv";
  reader ??= new HeaderReader(format, null);
  return { format, columns: (reader.read(unread) ?? reader.end()).columns };
}
