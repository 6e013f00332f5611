import { z } from "zod";
import { failBatch } from "../../batches/fail.js";
import { feedName, LONGEST_DEADLINE_SECONDS, MOST_BAD_ROWS } from "../../ingest/feeds.js";
import { completeUpload, type NewUpload, openUpload } from "../../ingest/uploads/upload.js";
import { BadRowsError, NoPricesError } from "../../ingest/uploads/upload-error.js";
import { operation } from "../http/operation.js";
import { refuseLargeBody } from "../http/read-body.js";
import type { ApiContext } from "../http/request.js";
import { storable } from "../http/storable-text.js";
import { wholeNumber } from "../http/whole-number.js";
import { answerWithBatch, locatedBatch } from "./batch-answers.js";
import {
  BATCHES_PROBLEMS,
  type BatchOperation,
  ON_BATCHES,
  PRICES_PROBLEMS,
  pricesContent,
} from "./batch-operation.js";
import { bodyOf, formatOfBody } from "./upload-body.js";
import type { WriteSide } from "./write-side.js";

/** Fields that open a batch. They are members of a JSON body; if the body holds prices, they are query parameters. */
const newBatch = z.strictObject({
  feed: feedName.meta({ description: "The feed it belongs to.", examples: ["asia"] }),
  mode: z
    .enum(["append", "replace"])
    .default("append")
    .meta({ description: "`replace` hides the feed's earlier prices of the days that the batch holds." }),
  source: storable(z.string().min(1, "must not be empty").max(500, "must have at most 500 characters"))
    .default("upload")
    .meta({ description: "What its bad lines are reported under, such as the name of a file." }),
  max_bad_rows: wholeNumber(0, MOST_BAD_ROWS)
    .default(0)
    .meta({ description: "Bad lines to leave out instead of failing." }),
  deadline_seconds: wholeNumber(0, LONGEST_DEADLINE_SECONDS)
    .optional()
    .meta({ description: "Limit of its processing time; passing it is reported, nothing is stopped." }),
});

/**
 * A string in quotes, as in https://datatracker.ietf.org/doc/draft-ietf-httpapi-idempotency-key-header/, or the same
 * characters without quotes.
 */
const idempotencyKey = z
  .string()
  .regex(/^(?!""$)("[!-~]{1,200}"|[!-~]{1,200})$/, "must be 1 to 200 visible ASCII characters, new for each batch")
  .transform((text) => /^"(.+)"$/.exec(text)?.[1] ?? text)
  .meta({
    description: "1 to 200 visible ASCII characters, in quotes or without. The same key finds the same batch.",
    examples: ["asia-2021-01-31"],
  });

/** `POST /batches` */
export const postBatch: BatchOperation = operation({
  id: "openBatch",
  method: "POST",
  path: "/batches",
  ...ON_BATCHES,
  summary: "Open a batch, or send one as a single body",
  description:
    "With JSON, the batch is opened and its pieces follow by PUT. With prices as the body (the same members as " +
    "parameters), the batch is cut into pieces as it arrives; after a broken connection, the same request goes on " +
    "behind the pieces that are loaded. Either way nothing is visible before `POST /batches/{id}/publish`.",
  headers: z.object({ "Idempotency-Key": idempotencyKey }),
  query: newBatch,
  queryIsOptional: true,
  json: newBatch,
  content: pricesContent,
  answers: { 202: locatedBatch("The batch, at Location.") },
  problems: ["batch-state", "batch-incomplete", "batch-failed", "key-reused", ...PRICES_PROBLEMS, ...BATCHES_PROBLEMS],
  route: (writes: WriteSide, read) => async (ctx) => {
    if (ctx.is("json") || !ctx.get("Content-Type")) {
      const { "Idempotency-Key": key } = read.headers(ctx);
      const upload = asUpload("pieces", key, await read.json(ctx));
      const database = writes.databaseFor(ctx);
      const { id } = await openUpload(database, upload);
      await answerWithBatch(ctx, database, id, 202);
    } else {
      formatOfBody(ctx);
      refuseLargeBody(ctx, Number.MAX_SAFE_INTEGER);
      const { "Idempotency-Key": key } = read.headers(ctx);
      const upload = asUpload("stream", key, read.query(ctx));
      await writes.turns.take(() => loadStream(ctx, writes, upload));
    }
  },
});

async function loadStream(ctx: ApiContext, writes: WriteSide, upload: NewUpload): Promise<void> {
  const database = writes.databaseFor(ctx);
  const { id } = await openUpload(database, upload);
  await writes.thread.uploadStream({ batchId: id, ...bodyOf(ctx) });
  try {
    await completeUpload(database, id);
  } catch (error) {
    const failure = failureOf(error);
    if (failure === null) throw error;
    await failBatch(database, id, failure, true);
  }
  await answerWithBatch(ctx, database, id, 202);
}

/**
 * Why a body that has arrived as a whole can never be published; null if it can. Its client knows no pieces, so it
 * cannot send more of them, or one of them again. It has to send everything as a new batch.
 */
function failureOf(error: unknown): string | null {
  if (error instanceof NoPricesError) return "It holds no prices.";
  return error instanceof BadRowsError ? error.message : null;
}

function asUpload(kind: "pieces" | "stream", key: string, wanted: z.output<typeof newBatch>): NewUpload {
  const { feed, mode, source, max_bad_rows: maxBadRows, deadline_seconds: deadlineSeconds = null } = wanted;
  return { kind, key, feed, mode, source, maxBadRows, deadlineSeconds };
}
