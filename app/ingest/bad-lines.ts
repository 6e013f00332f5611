import type pg from "pg";
import { countLines, readLines } from "./bad-lines.sql.js";

/** A line that could not be loaded, as users are told of it. */
export interface ReportedLine {
  /** Name of the file. */
  readonly file: string;
  /** The header is line 1. Null while pieces before it are not read, whose lines nobody has counted. */
  readonly line: number | null;
  readonly column: string | null;
  readonly reason: string;
}

type Database = Pick<pg.Pool | pg.ClientBase, "query">;

/** The first bad lines of a batch, in the order of the file. */
export async function readBadLines(database: Database, batchId: number, limit: number): Promise<ReportedLine[]> {
  const { rows } = await database.query<{ source: string; line: number | null; field: string | null; reason: string }>(
    readLines,
    [batchId, limit],
  );
  return rows.map(({ source, line, field, reason }) => ({
    file: source.slice(source.lastIndexOf("/") + 1) || source,
    line,
    column: field,
    reason,
  }));
}

/** How many lines of a batch are bad for which reason, most frequent first; also those that were not kept. */
export async function countBadLines(
  database: Database,
  batchId: number,
): Promise<{ readonly reason: string; readonly count: number }[]> {
  const { rows } = await database.query<{ reason: string; count: number }>(countLines, [batchId]);
  return rows;
}
