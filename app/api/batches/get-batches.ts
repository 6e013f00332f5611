import { z } from "zod";
import { writeBatch } from "../../batches/batch-json.js";
import { batchStates } from "../../batches/batch-state.js";
import { listBatches } from "../../batches/list-batches.js";
import { feedName } from "../../ingest/feeds.js";
import { acceptJson } from "../http/accept-json.js";
import { operation } from "../http/operation.js";
import { paginationParameters } from "../http/pagination.js";
import { batchBody } from "./batch-body.js";
import { BATCHES_PROBLEMS, type BatchOperation, MOST_ID, ON_BATCHES } from "./batch-operation.js";
import type { WriteSide } from "./write-side.js";

const batchesBody = z
  .object({
    batches: z.array(batchBody).describe("Newest first."),
    next_cursor: z.string().nullable().describe("For the parameter `cursor`; null on the last page."),
  })
  .meta({ id: "Batches" });

/** `GET /batches`. The cursor is the id of the last batch of a page. */
export const getBatches: BatchOperation = operation({
  id: "listBatches",
  method: "GET",
  path: "/batches",
  ...ON_BATCHES,
  summary: "Batches, newest first, a page at a time",
  query: z.strictObject({
    ...paginationParameters({ of: "batches", most: 200, usual: 50, readCursor }),
    feed: feedName.optional().meta({ description: "Only batches of this feed." }),
    state: z.enum(batchStates).optional().meta({ description: "Only batches in this state." }),
  }),
  answers: { 200: { description: "A page of batches.", content: { "application/json": { schema: batchesBody } } } },
  problems: ["not-acceptable", ...BATCHES_PROBLEMS],
  route: (writes: WriteSide, read) => async (ctx) => {
    const { limit, cursor: before, feed, state } = read.query(ctx);
    acceptJson(ctx);
    const found = await listBatches(writes.databaseFor(ctx), {
      // One more row than the page holds shows whether there is a next page.
      limit: limit + 1,
      ...(before === undefined ? {} : { before }),
      ...(feed === undefined ? {} : { feed }),
      ...(state === undefined ? {} : { state }),
    });
    const page = found.slice(0, limit);
    ctx.body = {
      batches: page.map((batch) => writeBatch(batch)),
      next_cursor: found.length > limit ? String(page.at(-1)?.id) : null,
    };
  },
});

function readCursor(text: string): number | undefined {
  return /^[1-9]\d{0,9}$/.test(text) && Number(text) <= MOST_ID ? Number(text) : undefined;
}
