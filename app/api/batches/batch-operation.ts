import { z } from "zod";
import type { Content, Operation } from "../http/operation.js";
import type { ProblemName } from "../http/problems.js";
import { wholeNumber } from "../http/whole-number.js";
import type { WriteSide } from "./write-side.js";

/** Every operation on batches has the same guards: {@link batchRoutes}. */
export type BatchOperation = Operation<WriteSide>;

/** What is the same in the declaration of every operation on batches. */
export const ON_BATCHES = { tag: "batches", needsToken: true } as const;

/** What the guards of every operation on batches refuse with. */
export const BATCHES_PROBLEMS: readonly ProblemName[] = ["unauthorized", "read-only", "database-away"];
/** As {@link BATCHES_PROBLEMS}, for the operations on one batch. */
export const BATCH_PROBLEMS: readonly ProblemName[] = ["unknown-batch", ...BATCHES_PROBLEMS];
/** What a body of prices can be refused with. */
export const PRICES_PROBLEMS: readonly ProblemName[] = [
  "content-too-large",
  "unsupported-media-type",
  "bad-lines",
  "unreadable-body",
  "too-many-uploads",
];

/** Postgres numbers batches with four bytes. */
export const MOST_ID = 2_147_483_647;
/** A piece has a number from 0 to this. */
export const MOST_PIECES = 100_000;

/** A batch in a path. */
export const batchId = wholeNumber(1, MOST_ID).meta({ description: "Number of the batch.", examples: [1] });
/** Path parameters of the operations on one batch. */
export const batchPath = z.strictObject({ id: batchId });

/** Prices as a body, of a request or of an answer. */
export const pricesContent: Content = {
  "text/csv": { schema: z.string(), example: "orig_code,dest_code,day,price\nCNSGH,NLRTM,2021-01-31,1234\n" },
  "application/x-ndjson": {
    schema: z.string(),
    example: '{"orig_code":"CNSGH","dest_code":"NLRTM","day":"2021-01-31","price":1234}\n',
  },
};
