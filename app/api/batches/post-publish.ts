import { z } from "zod";
import { completeUpload } from "../../ingest/uploads/upload.js";
import { operation } from "../http/operation.js";
import { wholeNumber } from "../http/whole-number.js";
import { answerWithBatch, locatedBatch } from "./batch-answers.js";
import { BATCH_PROBLEMS, type BatchOperation, batchPath, MOST_PIECES, ON_BATCHES } from "./batch-operation.js";
import type { WriteSide } from "./write-side.js";

/** `POST /batches/{id}/publish` */
export const postPublish: BatchOperation = operation({
  id: "publishBatch",
  method: "POST",
  path: "/batches/{id}/publish",
  ...ON_BATCHES,
  summary: "Audit a batch and make it visible, or bring a retracted one back",
  pathParameters: batchPath,
  json: z.strictObject({
    pieces: wholeNumber(0, MOST_PIECES)
      .optional()
      .meta({ description: "How many pieces there must be; refused with 409 if there are not so many." }),
  }),
  answers: {
    200: locatedBatch("It is published, or repeats a published one (`duplicate`)."),
    202: locatedBatch("It is being audited; ask for the batch, or publish again."),
  },
  problems: [
    "batch-state",
    "batch-incomplete",
    "batch-failed",
    "batch-too-old",
    "bad-lines",
    "unreadable-body",
    ...BATCH_PROBLEMS,
  ],
  route: (writes: WriteSide, read) => async (ctx) => {
    const { id } = read.pathParameters(ctx);
    const { pieces } = await read.json(ctx);
    const database = writes.databaseFor(ctx);
    await completeUpload(database, id, pieces);
    const ended = await writes.jobs.run(id);
    await answerWithBatch(ctx, database, id, ended ? 200 : 202);
  },
});
