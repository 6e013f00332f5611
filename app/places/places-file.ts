import { isUtf8 } from "node:buffer";
import { CsvError, parse } from "csv-parse/sync";

/** The content of one places file, and the name of the file for messages. */
export interface PlacesFile {
  readonly name: string;
  readonly content: Buffer | string;
}

/** A line of a places file that is not empty: its cells, or the reason why it cannot be split into cells. */
export type Row = { readonly line: number } & (
  | { readonly cells: readonly string[]; readonly fault?: never }
  | { readonly fault: string; readonly cells?: never }
);

const BOM = "\ufeff";

/**
 * The text of a file in UTF-8, with or without a byte order mark. If it is not UTF-8, the result is null and every
 * wrong line is added to the mistakes. A guess of the encoding would store wrong names.
 */
export function textOf({ name, content }: PlacesFile, mistakes: string[]): string | null {
  if (typeof content === "string") return content.startsWith(BOM) ? content.slice(1) : content;
  // A file in UTF-16 begins with a byte order mark, or with two ASCII characters of which one byte is NUL.
  if (/^(\xff\xfe|\xfe\xff|\0[^\0]|[^\0]\0)/.test(content.toString("latin1", 0, 2))) {
    mistakes.push(`${name}:1: UTF-16; the file must be saved as UTF-8`);
    return null;
  }
  if (isUtf8(content)) return textOf({ name, content: content.toString("utf8") }, mistakes);
  for (let line = 1, begin = 0; begin < content.length; line += 1) {
    const found = content.indexOf("\n", begin);
    const end = found === -1 ? content.length : found;
    if (!isUtf8(content.subarray(begin, end))) {
      mistakes.push(`${name}:${line}: not valid UTF-8; the file may be in Latin-1 and must be saved as UTF-8`);
    }
    begin = end + 1;
  }
  return null;
}

/** The rows of a CSV file. A row cannot span lines, because no name contains a line break. */
export function rowsOf(text: string): Row[] {
  const lines = text.replaceAll("\r\n", "\n");
  try {
    const records = parse(lines, { ...CSV, info: true }) as unknown as { record: string[]; info: { lines: number } }[];
    const rows = records.map(({ record, info }) => ({ line: info.lines, cells: record }));
    if (!rows.some(({ cells }) => cells.some((cell) => /[\r\n]/.test(cell)))) return rows;
  } catch (error) {
    if (!(error instanceof CsvError)) throw error;
  }
  // This parses line by line, which is tens of times slower, but gives each mistake its own line.
  return lines.split("\n").flatMap((line, index) => rowOf(line, index + 1));
}

const CSV = { record_delimiter: "\n", relax_column_count: true, skip_empty_lines: true, trim: true } as const;

function rowOf(text: string, line: number): Row[] {
  try {
    return parse(text, CSV).map((cells) => ({ line, cells }));
  } catch (error) {
    if (!(error instanceof CsvError)) throw error;
    return [{ line, fault: QUOTE_FAULTS[error.code] ?? "its quotes cannot be read" }];
  }
}

const QUOTE_FAULTS: Readonly<Record<string, string>> = {
  CSV_QUOTE_NOT_CLOSED: "a quote that is not closed on its line",
  CSV_INVALID_CLOSING_QUOTE: "text after a closing quote",
  CSV_NON_TRIMABLE_CHAR_AFTER_CLOSING_QUOTE: "text after a closing quote",
  INVALID_OPENING_QUOTE: "a quote inside a field that is not quoted",
};

/** Names the first character of a cell that no name may contain; null if there is none. */
export function faultOfCell(cell: string): string | null {
  const [found] = UNREADABLE.exec(cell) ?? [];
  if (found === undefined) return null;
  if (found === "\0") return "a NUL";
  if (found === "\r") return "a carriage return without a line feed";
  if (found === "\ufffd") return "U+FFFD, which stands for a character that was lost";
  return `the control character U+${found.charCodeAt(0).toString(16).toUpperCase().padStart(4, "0")}`;
}

/** Control characters, line and paragraph separators, characters that change the direction of writing, and U+FFFD. */
const UNREADABLE = /[\p{Cc}\p{Zl}\p{Zp}\u202a-\u202e\u2066-\u2069\ufffd]/u;
