import { BatchNotFoundError } from "../../batches/batch-error.js";
import { writeBatch } from "../../batches/batch-json.js";
import { readBatch } from "../../batches/batch-summary.js";
import { countBadLines, readBadLines } from "../../batches/reported-lines.js";
import type { Queries } from "../../database/queries.js";
import { REPORTED_BAD_LINES } from "../../ingest/parse/bad-lines.js";
import type { DeclaredAnswer } from "../http/operation.js";
import { ProblemError } from "../http/problems.js";
import type { ApiContext } from "../http/request.js";
import { batchBody } from "./batch-body.js";

/** Declares an answer that is one batch, for the OpenAPI document. */
export function batchAnswer(description: string): DeclaredAnswer {
  return { description, content: { "application/json": { schema: batchBody } } };
}

/** Like {@link batchAnswer}, with the path of the batch in the Location header. */
export function locatedBatch(description: string): DeclaredAnswer {
  return { ...batchAnswer(description), headers: ["Location"] };
}

/** A batch with its bad lines. @throws {BatchNotFoundError} */
export async function describeBatch(database: Queries, id: number): Promise<Record<string, unknown>> {
  const batch = await readBatch(database, id);
  if (batch === undefined) throw new BatchNotFoundError(id);
  const { lines, errorCounts } = await readErrors(database, id);
  return { ...writeBatch(batch, lines), error_counts: errorCounts };
}

/**
 * Answers with a batch and its path.
 * @throws {ProblemError} if the batch has failed, because no request that leads to a failed batch is a success.
 */
export async function answerWithBatch(ctx: ApiContext, database: Queries, id: number, status: number): Promise<void> {
  const batch = await readBatch(database, id);
  if (batch === undefined) throw new BatchNotFoundError(id);
  const errors = await readErrors(database, id);
  if (batch.state === "failed") {
    const forGood = errors.lines.length === 0 ? "unreadable-body" : "bad-lines";
    const failure = batch.failure ?? `Batch ${id} failed.`;
    throw new ProblemError(batch.failed_for_good ? forGood : "batch-failed", failure, errors);
  }
  ctx.status = status;
  ctx.set("Location", `/batches/${id}`);
  ctx.body = { ...writeBatch(batch, errors.lines), error_counts: errors.errorCounts };
}

/** The first bad lines of a batch, and the number of bad lines for each reason. */
export async function readErrors(database: Queries, id: number) {
  return {
    lines: await readBadLines(database, id, REPORTED_BAD_LINES),
    errorCounts: await countBadLines(database, id),
  };
}
