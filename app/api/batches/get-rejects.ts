import { Readable } from "node:stream";
import { readRejects } from "../../batches/rejects.js";
import { operation } from "../http/operation.js";
import { BATCH_PROBLEMS, type BatchOperation, batchPath, ON_BATCHES, pricesContent } from "./batch-operation.js";
import type { WriteSide } from "./write-side.js";

/** First byte of a line of NDJSON. */
const OPENING_BRACE = 0x7b;

/** `GET /batches/{id}/rejects` */
export const getRejects: BatchOperation = operation({
  id: "getRejects",
  method: "GET",
  path: "/batches/{id}/rejects",
  ...ON_BATCHES,
  summary: "The bad lines that were left out of a batch, as they stood",
  description: "To be repaired and sent as another batch. CSV comes with the header, unless it was sent in pieces.",
  pathParameters: batchPath,
  answers: { 200: { description: "The lines.", content: pricesContent } },
  problems: ["batch-state", ...BATCH_PROBLEMS],
  route: (writes: WriteSide, read) => async (ctx) => {
    const { id } = read.pathParameters(ctx);
    const lines = readRejects(writes.databaseFor(ctx), id);
    // The first part is read before the answer begins, because an error at this point can still become a problem
    // document.
    const { value: first = Buffer.alloc(0) } = await lines.next();
    ctx.type = first[0] === OPENING_BRACE ? "application/x-ndjson" : "text/csv";
    ctx.body = Readable.from(follow(first, lines));
  },
});

async function* follow(first: Buffer, others: AsyncIterable<Buffer>): AsyncIterable<Buffer> {
  yield first;
  yield* others;
}
