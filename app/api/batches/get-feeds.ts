import { z } from "zod";
import { acceptJson } from "../http/accept-json.js";
import { operation } from "../http/operation.js";
import { BATCHES_PROBLEMS, type BatchOperation, ON_BATCHES } from "./batch-operation.js";
import { readReports } from "./feed-reports.sql.js";
import type { WriteSide } from "./write-side.js";

const feedsBody = z
  .object({
    feeds: z
      .array(
        z.object({
          feed: z.string(),
          state: z.string().describe("In one word, as `kubectl get feeds` shows it, such as Ready or BatchFailed."),
          message: z.string().describe("Why, in few words."),
          next_run: z.iso.datetime().nullable().describe("When its schedule starts a run; null if it starts none."),
          reported_at: z.iso
            .datetime()
            .describe("When the operator last said so. It does every minute; an older instant says that it is away."),
        }),
      )
      .describe("By name; none where no operator runs."),
  })
  .meta({ id: "Feeds" });

/** `GET /feeds`: what the operator writes into the database. The API itself knows nothing of Kubernetes. */
export const getFeeds: BatchOperation = operation({
  id: "listFeeds",
  method: "GET",
  path: "/feeds",
  ...ON_BATCHES,
  summary: "The Feeds of Kubernetes, with the state of each",
  answers: { 200: { description: "All feeds.", content: { "application/json": { schema: feedsBody } } } },
  problems: ["not-acceptable", ...BATCHES_PROBLEMS],
  route: (writes: WriteSide) => async (ctx) => {
    acceptJson(ctx);
    ctx.body = { feeds: await writes.databaseFor(ctx).rows(readReports) };
  },
});
