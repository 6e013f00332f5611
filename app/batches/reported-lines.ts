import type { Queries } from "../database/queries.js";
import { printable } from "../printable.js";
import { countLines, readLines } from "./reported-lines.sql.js";

/** A bad line, as users see it. */
export interface ReportedLine {
  /** Name of the file, without its folder. */
  readonly file: string;
  /**
   * Number of the piece, if a client sent the batch in pieces: each piece is a file of its own. Null for any other
   * batch.
   */
  readonly piece: number | null;
  /**
   * Line number in the file; the header is line 1. Null until all pieces before are read, because their lines are not
   * counted yet.
   */
  readonly line: number | null;
  readonly column: string | null;
  readonly reason: string;
  /** The beginning of the line, with control characters replaced. Null if no line with the fault was kept. */
  readonly content: string | null;
}

const SHOWN_CHARACTERS = 200;
const LONGEST_CHARACTER_BYTES = 4;

/** The first `limit` bad lines of a batch, in the order of the file. */
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

/**
 * True if the failure of the batch already ends with this reason, as it does for a bad header. Then the line need not
 * be reported again.
 */
export function tells(failure: string | null, reason: string): boolean {
  return failure?.endsWith(`: ${reason}.`) === true;
}

/** The beginning of a line, with control characters replaced. */
export function writeContent(content: Buffer): string {
  const characters = [...content.toString("utf8")];
  const shown = printable(characters.slice(0, SHOWN_CHARACTERS).join(""));
  return characters.length > SHOWN_CHARACTERS ? `${shown}…` : shown;
}

/**
 * How many lines of a batch are bad for which reason, the most frequent first. Lines whose text was not kept are
 * counted too.
 */
export function countBadLines(
  database: Queries,
  batchId: number,
): Promise<{ readonly reason: string; readonly count: number }[]> {
  return database.rows(countLines, { batchId });
}
