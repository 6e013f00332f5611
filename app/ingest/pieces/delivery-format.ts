import type { Columns } from "../parse/columns.js";
import { type Format, HeaderReader } from "../parse/header-reader.js";
import { MAX_LINE_BYTES } from "../parse/limits.js";
import type { SourceObject } from "../sources/source.js";

/** The first bytes of an object that can be read in ranges; fewer if it has fewer. */
export async function readFirstBytes(object: SourceObject, bytes: number, signal?: AbortSignal): Promise<Buffer> {
  const chunks: Buffer[] = [];
  for await (const chunk of object.read(0, bytes, signal)) chunks.push(Buffer.from(chunk));
  return Buffer.concat(chunks);
}

/** A header is a line, and no line is longer than 1 MiB; more would be asked of a server for nothing. */
export const MOST_HEADER_BYTES = MAX_LINE_BYTES + 1024;

/** What a worker must know before it reads in the middle of a delivery. */
export interface DeliveryFormat {
  readonly format: Format;
  readonly columns: Columns;
}

const WHITE_SPACE = new Set([0x20, 0x09, 0x0a, 0x0d, 0xef, 0xbb, 0xbf]);
const BRACE = 0x7b;

/** NDJSON begins with a brace, behind white space and a byte order mark, which alone tell nothing: null. */
function formatOf(bytes: Buffer): Format | null {
  const first = bytes.find((byte) => !WHITE_SPACE.has(byte));
  if (first === undefined) return null;
  return first === BRACE ? "ndjson" : "csv";
}

/**
 * Format and columns, from the first bytes of a delivery.
 * @throws {HeaderError}
 */
export async function readDeliveryFormat(chunks: AsyncIterable<Buffer>): Promise<DeliveryFormat> {
  let format: Format | null = null;
  let reader: HeaderReader | undefined;
  let unread: Buffer = Buffer.alloc(0);
  for await (const chunk of chunks) {
    unread = Buffer.concat([unread, chunk]);
    format ??= formatOf(unread);
    // A server may send a byte order mark, or an empty line, in a packet of its own.
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
