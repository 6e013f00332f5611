import { BatchNotFoundError, BatchStateError, BatchTooOldError } from "../../batches/batch-error.js";
import type { Queries } from "../../database/queries.js";
import { isTransient, meaningOf } from "../../database/sqlstates.js";
import { PortsMissingError } from "../../ingest/load/load-error.js";
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
import { readErrors } from "./batch-answers.js";

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

/** The problem of a piece whose header is wrong. None of its lines can be read. */
export function headerProblem(error: HeaderError, piece: number): ProblemError {
  const line = { file: "the body", piece, line: 1, column: error.column, reason: error.message, content: null };
  const reason = error.column === null ? error.message : `${error.column}: ${error.message}`;
  return new ProblemError("bad-lines", `Line 1: ${error.message}.`, {
    lines: [line],
    errorCounts: [{ reason, count: 1 }],
    cause: error,
  });
}

/** Translates an error of the ingest into the problem that the client gets. Other errors are returned unchanged. */
export async function batchProblem(error: unknown, database: Queries): Promise<unknown> {
  if (!(error instanceof Error) || error instanceof ProblemError) return error;
  if (error instanceof BadRowsError) {
    return new ProblemError("bad-lines", error.message, {
      ...(await readErrors(database, error.batchId)),
      cause: error,
    });
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
