import { BatchNotFoundError, BatchStateError, BatchTooOldError } from "../../batches/batch-error.js";
import { readBadLines } from "../../batches/reported-lines.js";
import type { Queries } from "../../database/queries.js";
import { isTransient, meaningOf } from "../../database/sqlstates.js";
import { PortsMissingError } from "../../ingest/load/load-error.js";
import { REPORTED_BAD_LINES } from "../../ingest/parse/bad-lines.js";
import type { HeaderError } from "../../ingest/parse/columns.js";
import { SourceError } from "../../ingest/sources/source-error.js";
import {
  BadRowsError,
  IncompleteUploadError,
  PieceConflictError,
  PieceTooLargeError,
  UploadConflictError,
} from "../../ingest/uploads/upload-error.js";
import { ProblemError, type ProblemName } from "../http/problems.js";

const PROBLEMS: readonly [kind: abstract new (...args: never[]) => Error, problem: ProblemName][] = [
  [BatchNotFoundError, "unknown-batch"],
  [BatchStateError, "batch-state"],
  [BatchTooOldError, "batch-too-old"],
  [IncompleteUploadError, "batch-incomplete"],
  [PieceConflictError, "piece-conflict"],
  [UploadConflictError, "key-reused"],
  [PieceTooLargeError, "content-too-large"],
  [SourceError, "unreadable-body"],
  [PortsMissingError, "batch-state"],
];

/** What a client is told of a piece whose header no line can be read with. */
export function headerProblem(error: HeaderError, piece: number): ProblemError {
  const line = { file: "the body", piece, line: 1, column: error.column, reason: error.message, content: null };
  return new ProblemError("bad-lines", `Line 1: ${error.message}.`, { lines: [line], cause: error });
}

/** What a client is told of an error of the ingest; anything else stays what it is. */
export async function batchProblem(error: unknown, writes: Queries): Promise<unknown> {
  if (!(error instanceof Error) || error instanceof ProblemError) return error;
  if (error instanceof BadRowsError) {
    const lines = await readBadLines(writes, error.batchId, REPORTED_BAD_LINES);
    return new ProblemError("bad-lines", error.message, { lines, cause: error });
  }
  const known = PROBLEMS.find(([kind]) => error instanceof kind);
  if (known) return new ProblemError(known[1], error.message, { cause: error });
  if (isTransient(error) || meaningOf(error) === "locked") {
    return new ProblemError("database-away", "The database that takes writes does not answer.", {
      headers: { "Retry-After": "2" },
      cause: error,
    });
  }
  return error;
}
