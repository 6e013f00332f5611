import { z } from "zod";
import { batchStates } from "../../batches/batch-state.js";
import { badLineBody, errorCountsBody } from "../http/problem-body.js";

const instant = z.iso.datetime();
const whole = z.int().nonnegative();

/** Schema of a batch in an answer. */
export const batchBody = z
  .object({
    id: z.int().positive(),
    feed: z.string(),
    source: z.string(),
    mode: z.enum(["append", "replace", "compaction"]),
    state: z.enum(batchStates),
    awaits_publish: z
      .boolean()
      .describe("True of an upload that is loaded as far as it was sent, and that no client has asked to publish."),
    failure: z.string().nullable().describe("Why it failed."),
    duplicate_of: z.int().nullable().describe("The published batch that this one repeats."),
    checksum: z.string().nullable().describe("Of its prices, the same for every order of them; known once audited."),
    max_bad_rows: whole,
    created_at: instant,
    audited_at: instant.nullable(),
    published_at: instant.nullable().describe("Of its first publish."),
    retracted_at: instant.nullable(),
    failed_at: instant.nullable(),
    deadline_at: instant.nullable(),
    pieces: z.object({ total: whole, loaded: whole, failed: whole }),
    rows: z.object({
      loaded: whole,
      expected: whole.nullable().describe("Known once everything is loaded."),
      rejected: whole,
    }),
    bytes: z.object({ total: whole.nullable().describe("Null while its end is not known."), loaded: whole }),
    rows_per_second: whole
      .nullable()
      .describe("Of the last minute; null unless it is being loaded, and while it awaits its publish."),
    audit: z
      .object({ parts: whole, done: whole })
      .describe("Parts of its audit, as far as they are known while it is under way."),
    progress: z
      .number()
      .min(0)
      .max(1)
      .nullable()
      .describe("Share of loading and audit that is done; null unless they are under way and the whole is known."),
    estimated_end: instant.nullable().describe("Of loading and audit; null if it cannot be told."),
    errors: z.array(badLineBody).describe("Its first bad lines; empty in a list of batches."),
    error_counts: errorCountsBody.optional().describe("All bad lines by reason; not in a list of batches."),
  })
  .meta({ id: "Batch" });
