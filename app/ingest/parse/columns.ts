import { splitFields } from "./split-fields.js";

/** Name of a column: codes of the two ports, day, and price in whole dollars. */
export type ColumnName = "orig_code" | "dest_code" | "day" | "price";

/** The columns that every delivery has. */
export const COLUMN_NAMES: readonly ColumnName[] = ["orig_code", "dest_code", "day", "price"];

/** The columns of a CSV file, in the order of its header. */
export type Columns = readonly ColumnName[];

/**
 * The header does not allow reading any line, so the whole file fails. `column` is the column at fault, if it is a
 * single one.
 */
export class HeaderError extends Error {
  readonly column: string | null;

  constructor(reason: string, column: string | null = null) {
    super(reason);
    this.name = "HeaderError";
    this.column = column;
  }
}

const BOM = Buffer.from([0xef, 0xbb, 0xbf]);

/** Length of the byte order mark that `bytes` begin with: 3 or 0. */
export function bomLength(bytes: Buffer): number {
  return bytes.subarray(0, BOM.length).equals(BOM) ? BOM.length : 0;
}

/**
 * Reads a header line. The columns may have any order; each must be there exactly once, and no others.
 * @param line without its line break and byte order mark.
 * @throws {HeaderError} naming the columns that are missing, unknown or repeated (the first ten).
 */
export function readHeader(line: Buffer): Columns {
  const fields = splitFields(line);
  if (typeof fields === "string") throw new HeaderError(`the header cannot be read: ${fields}`);
  const names = fields.map((field) => field.toString("utf8"));
  const missing = COLUMN_NAMES.filter((name) => !names.includes(name));
  const unknown = names.filter((name) => !COLUMN_NAMES.includes(name as ColumnName));
  const repeated = names.filter((name, index) => names.indexOf(name) !== index && !unknown.includes(name));
  const mistakes = [
    ...missing.map((name) => `no column ${name}`),
    ...unknown.map((name) => `unknown column ${JSON.stringify(name.slice(0, 100))}`),
    ...repeated.map((name) => `column ${name} twice`),
  ];
  if (mistakes.length > 0) {
    throw new HeaderError(
      `the header must be ${COLUMN_NAMES.join(",")} in any order; it has ${mistakes.slice(0, 10).join(", ")}`,
      missing[0] ?? unknown[0] ?? repeated[0] ?? null,
    );
  }
  return names as ColumnName[];
}
