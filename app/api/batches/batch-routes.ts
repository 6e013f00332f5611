import { ProblemError } from "../http/problems.js";
import type { ApiRoute } from "../http/request.js";
import type { BatchOperation } from "./batch-operation.js";
import { batchProblem } from "./batch-problem.js";
import { getBatch } from "./get-batch.js";
import { getBatches } from "./get-batches.js";
import { getFeeds } from "./get-feeds.js";
import { getRejects } from "./get-rejects.js";
import { postBatch } from "./post-batch.js";
import { postFail } from "./post-fail.js";
import { postPublish } from "./post-publish.js";
import { postRetract } from "./post-retract.js";
import { putPiece } from "./put-piece.js";
import { readAway } from "./upload-body.js";
import type { WriteSide } from "./write-side.js";
import { requireWriteToken, type WriteTokens } from "./write-tokens.js";

/** All operations on batches. */
export const batchOperations: readonly BatchOperation[] = [
  getBatches,
  postBatch,
  getBatch,
  putPiece,
  postPublish,
  postRetract,
  postFail,
  getRejects,
  getFeeds,
];

/**
 * The handlers of an operation on batches, in their order: first the token is checked, then the operation runs.
 * @param writes undefined if this instance cannot write batches; every request with a valid token is then refused.
 */
export function batchHandlers(
  operation: BatchOperation,
  tokens: WriteTokens,
  writes: WriteSide | undefined,
): readonly ApiRoute[] {
  const answer = writes === undefined ? [refuseWrites] : [answerErrors(writes), operation.route(writes)];
  return [readRest, requireWriteToken(tokens) as ApiRoute, ...answer];
}

const readRest: ApiRoute = async (ctx, next) => {
  try {
    await next();
  } finally {
    readAway(ctx);
  }
};

const refuseWrites: ApiRoute = () => {
  throw new ProblemError("read-only", "Batches are kept in another region; write there.", {
    headers: { "Retry-After": "60" },
  });
};

/** Turns errors of the ingest into problems of the API. */
function answerErrors({ database }: WriteSide): ApiRoute {
  return async (_ctx, next) => {
    try {
      await next();
    } catch (error) {
      throw await batchProblem(error, database);
    }
  };
}
