import type { Queries } from "../database/queries.js";
import { printable } from "../printable.js";
import { countLines, readLines } from "./reported-lines.sql.js";

/** A line that could not be loaded, as users are told of it. */
export interface ReportedLine {
  /** Name of the file. */
  readonly file: string;
  /** Of a batch that was sent in pieces, each of which is a file of its own; null of any other. */
  readonly piece: number | null;
  /** The header is line 1. Null while pieces before it are not read: their lines are not counted yet. */
  readonly line: number | null;
  readonly column: string | null;
  readonly reason: string;
  /** Its text as far as it is worth showing, in one line; null where the fault is in no line that was kept. */
  readonly content: string | null;
}

const SHOWN_CHARACTERS = 200;
const LONGEST_CHARACTER_BYTES = 4;

/** The first bad lines of a batch, in the order of the file. */
export async function readBadLines(database: Queries, batchId: number, limit: number): Promise<ReportedLine[]> {
  const bytes = (SHOWN_CHARACTERS + 1) * LONGEST_CHARACTER_BYTES;
  const rows = await database.rows(readLines, { batchId, limit, bytes });
  return rows.map(({ source, piece, line, field, reason, content }) => ({
    file: source.slice(source.lastIndexOf("/") + 1) || source,
    piece,
    line,
    column: field,
    reason,
    content: content && writeContent(content),
  }));
}

/** True if why the batch failed already says what is wrong with a line, as of a header. */
export function tells(failure: string | null, reason: string): boolean {
  return failure?.endsWith(`: ${reason}.`) === true;
}

function writeContent(content: Buffer): string {
  const characters = [...content.toString("utf8")];
  const shown = printable(characters.slice(0, SHOWN_CHARACTERS).join(""));
  return characters.length > SHOWN_CHARACTERS ? `${shown}…` : shown;
}

/** How many lines of a batch are bad for which reason, most frequent first; also those that were not kept. */
export function countBadLines(
  database: Queries,
  batchId: number,
): Promise<{ readonly reason: string; readonly count: number }[]> {
  return database.rows(countLines, { batchId });
}
