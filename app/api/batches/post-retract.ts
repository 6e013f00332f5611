import { retractBatch } from "../../batches/retract.js";
import { operation } from "../http/operation.js";
import { batchAnswer, describeBatch } from "./batch-answers.js";
import { BATCH_PROBLEMS, type BatchOperation, batchPath, ON_BATCHES } from "./batch-operation.js";
import type { WriteSide } from "./write-side.js";

/** `POST /batches/{id}/retract` */
export const postRetract: BatchOperation = operation({
  id: "retractBatch",
  method: "POST",
  path: "/batches/{id}/retract",
  ...ON_BATCHES,
  summary: "Make a published batch invisible at once",
  pathParameters: batchPath,
  answers: { 200: batchAnswer("It is retracted.") },
  problems: ["batch-state", "batch-too-old", ...BATCH_PROBLEMS],
  route: (writes: WriteSide, read) => async (ctx) => {
    const { id } = read.pathParameters(ctx);
    const database = writes.databaseFor(ctx);
    const { retractableDays } = writes;
    const { changed } = await retractBatch(database, id, { retractableDays });
    if (changed) writes.jobs.retracted(id);
    ctx.body = await describeBatch(database, id);
  },
});
