import { z } from "zod";
import type { Content, Operation } from "../http/operation.js";
import type { ProblemName } from "../http/problems.js";
import { wholeNumber } from "../http/whole-number.js";
import type { WriteSide } from "./write-side.js";

/** An operation on batches. {@link batchHandlers} puts the same checks before each one. */
export type BatchOperation = Operation<WriteSide>;

/** The declarations that all operations on batches share. */
export const ON_BATCHES = { tag: "batches", needsToken: true } as const;

/** Problems with which these shared checks can refuse a request. */
export const BATCHES_PROBLEMS: readonly ProblemName[] = ["unauthorized", "read-only", "database-away"];
/** Like {@link BATCHES_PROBLEMS}, for the operations on one batch. */
export const BATCH_PROBLEMS: readonly ProblemName[] = ["unknown-batch", ...BATCHES_PROBLEMS];
/** Problems with which a body of prices can be refused. */
export const PRICES_PROBLEMS: readonly ProblemName[] = [
  "content-too-large",
  "unsupported-media-type",
  "bad-lines",
  "unreadable-body",
  "too-many-uploads",
];

/** The largest id of a batch: a 4-byte integer in Postgres. */
export const MOST_ID = 2_147_483_647;
/** The largest number of a piece; the first piece has number 0. */
export const MOST_PIECES = 100_000;

/** Path parameter: id of a batch. */
export const batchId = wholeNumber(1, MOST_ID).meta({ description: "Number of the batch.", examples: [1] });
/** Path parameters of the operations on one batch. */
export const batchPath = z.strictObject({ id: batchId });

/** Media types of prices, in a request or in an answer. */
export const pricesContent: Content = {
  "text/csv": { schema: z.string(), example: "orig_code,dest_code,day,price\nCNSGH,NLRTM,2021-01-31,1234\n" },
  "application/x-ndjson": {
    schema: z.string(),
    example: '{"orig_code":"CNSGH","dest_code":"NLRTM","day":"2021-01-31","price":1234}\n',
  },
};
