import { acceptJson } from "../http/accept-json.js";
import { operation } from "../http/operation.js";
import { batchAnswer, describeBatch } from "./batch-answers.js";
import { BATCH_PROBLEMS, type BatchOperation, batchPath, ON_BATCHES } from "./batch-operation.js";
import type { WriteSide } from "./write-side.js";

/** `GET /batches/{id}` */
export const getBatch: BatchOperation = operation({
  id: "getBatch",
  method: "GET",
  path: "/batches/{id}",
  ...ON_BATCHES,
  summary: "One batch: how far it is, and its bad lines",
  pathParameters: batchPath,
  answers: { 200: batchAnswer("The batch.") },
  problems: ["not-acceptable", ...BATCH_PROBLEMS],
  route: (writes: WriteSide, read) => async (ctx) => {
    acceptJson(ctx);
    const { id } = read.pathParameters(ctx);
    ctx.body = await describeBatch(writes.databaseFor(ctx), id);
  },
});
