import { z } from "zod";
import { HeaderError } from "../../ingest/parse/columns.js";
import { operation } from "../http/operation.js";
import { refuseLargeBody } from "../http/read-body.js";
import { wholeNumber } from "../http/whole-number.js";
import {
  BATCH_PROBLEMS,
  type BatchOperation,
  batchId,
  MOST_PIECES,
  ON_BATCHES,
  PRICES_PROBLEMS,
  pricesContent,
} from "./batch-operation.js";
import { headerProblem } from "./batch-problem.js";
import { bodyOf, formatOfBody } from "./upload-body.js";
import type { WriteSide } from "./write-side.js";

/**
 * Limit for a body, both as sent and decompressed. A client can easily send a piece of this size again. The limit stops
 * decompression bombs.
 */
const MOST_PIECE_BYTES = 1024 * 1024 * 1024;

const whole = z.int().nonnegative();
const pieceBody = z
  .object({
    number: whole,
    rows: whole.optional(),
    rejected: whole.optional(),
    bytes: whole.optional().describe("Decompressed."),
  })
  .meta({ id: "Piece" });
const pieceContent = { "application/json": { schema: pieceBody } };

/** `PUT /batches/{id}/pieces/{number}` */
export const putPiece: BatchOperation = operation({
  id: "putPiece",
  method: "PUT",
  path: "/batches/{id}/pieces/{number}",
  ...ON_BATCHES,
  summary: "Load a piece of a batch",
  description:
    "Pieces come in any order and several at a time; CSV has its header in each. Sending the same bytes again " +
    "changes nothing. A broken connection leaves nothing of the piece.",
  pathParameters: z.strictObject({
    id: batchId,
    number: wholeNumber(0, MOST_PIECES).meta({ description: "Of the piece; there may be gaps.", examples: [0] }),
  }),
  content: pricesContent,
  answers: {
    200: { description: "It was loaded before.", content: pieceContent },
    201: { description: "It is loaded.", content: pieceContent },
  },
  problems: ["batch-state", "piece-conflict", ...PRICES_PROBLEMS, ...BATCH_PROBLEMS],
  route: (writes: WriteSide, read) => async (ctx) => {
    const { id: batch, number } = read.pathParameters(ctx);
    const format = formatOfBody(ctx);
    refuseLargeBody(ctx, MOST_PIECE_BYTES);
    const { body, signal, patienceMs } = bodyOf(ctx);
    const piece = { batchId: batch, number, format, body, signal, patienceMs, maxBytes: MOST_PIECE_BYTES };
    const result = await writes.turns
      .take(() => writes.thread.uploadPiece(piece))
      .catch((error: unknown) => {
        throw error instanceof HeaderError ? headerProblem(error, number) : error;
      });
    ctx.status = result === "same" ? 200 : 201;
    ctx.body =
      result === "same" ? { number } : { number, rows: result.rows, rejected: result.rejected, bytes: result.bytes };
  },
});
