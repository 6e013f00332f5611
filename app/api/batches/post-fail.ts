import { z } from "zod";
import { failBatch, STOPPED } from "../../batches/fail.js";
import { operation } from "../http/operation.js";
import { storable } from "../http/storable-text.js";
import { batchAnswer, describeBatch } from "./batch-answers.js";
import { BATCH_PROBLEMS, type BatchOperation, batchPath, ON_BATCHES } from "./batch-operation.js";
import type { WriteSide } from "./write-side.js";

/** `POST /batches/{id}/fail` */
export const postFail: BatchOperation = operation({
  id: "failBatch",
  method: "POST",
  path: "/batches/{id}/fail",
  ...ON_BATCHES,
  summary: "End a batch that is not published",
  description: "It takes no more pieces, its workers stop, and its rows are deleted. To fail it again changes nothing.",
  pathParameters: batchPath,
  json: z.strictObject({
    reason: storable(z.string().min(1, "must not be empty").max(500, "must have at most 500 characters"))
      .default(STOPPED)
      .meta({ description: "Why; every reader of the batch sees it as its `failure`." }),
  }),
  answers: { 200: batchAnswer("It has failed.") },
  problems: ["batch-state", ...BATCH_PROBLEMS],
  route: (writes: WriteSide, read) => async (ctx) => {
    const { id } = read.pathParameters(ctx);
    const { reason } = await read.json(ctx);
    const database = writes.databaseFor(ctx);
    await failBatch(database, id, reason, true);
    writes.jobs.giveBack(id);
    ctx.body = await describeBatch(database, id);
  },
});
