import { z } from "zod";
import { batchStates } from "../../batches/batch-state.js";

/** What answers look like. Fields may be added at any time, so clients must ignore those they do not know. */

const day = z.iso.date();

export const ratesBody = z
  .object({
    rates: z
      .array(
        z.object({
          day,
          count: z.int().positive().nullable().describe("Number of prices; null on a day without any."),
          price: z.number().nullable().describe("Mean price in US dollars, in double precision; null under 3 prices."),
        }),
      )
      .describe("Every day of the range, newest first."),
  })
  .meta({ id: "Rates" });

export const portsBody = z
  .object({
    ports: z.array(
      z.object({
        code: z.string().describe("UN/LOCODE."),
        name: z.string(),
        parent: z.string().nullable().describe("Slug of the region that the port lies in; null for none."),
      }),
    ),
    next_cursor: z.string().nullable().describe("For the parameter `cursor`; null on the last page."),
  })
  .meta({ id: "Ports" });

const port = z.object({ code: z.string(), name: z.string() });

export const region = z
  .object({
    slug: z.string(),
    name: z.string(),
    ports: z.array(port).describe("Ports that lie in this region directly."),
    get regions() {
      return z.array(region).describe("Regions that lie in this region directly.");
    },
  })
  .meta({ id: "Region" });

export const regionsBody = z
  .object({ regions: z.array(region).describe("Regions that lie in no other.") })
  .meta({ id: "Regions" });

const instant = z.iso.datetime();
const whole = z.int().nonnegative();

const badLine = z.object({
  file: z.string(),
  piece: whole
    .nullable()
    .describe("Of a batch that was sent in pieces, in which lines are counted each from 1; else null."),
  line: whole.nullable().describe("The header is line 1; null while pieces before it are not read."),
  column: z.string().nullable().describe("Null where the line as a whole cannot be read."),
  reason: z.string(),
  content: z
    .string()
    .nullable()
    .describe(
      "The first 200 characters of the line, with control characters as \\u{…}; null where no line was kept, as for a bad header.",
    ),
});

export const batchBody = z
  .object({
    id: z.int().positive(),
    feed: z.string(),
    source: z.string(),
    mode: z.enum(["append", "replace", "compaction"]),
    state: z.enum(batchStates),
    awaits_publish: z
      .boolean()
      .describe("An upload of which all that was sent is loaded, and that nobody has asked to publish."),
    failure: z.string().nullable().describe("Why it failed."),
    duplicate_of: z.int().nullable().describe("The published batch that this one repeats."),
    checksum: z.string().nullable().describe("Of its prices, in whatever order they came; known once audited."),
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
    errors: z.array(badLine).describe("Its first bad lines; only where one batch is asked for."),
    error_counts: z
      .array(z.object({ reason: z.string(), count: whole }))
      .optional()
      .describe("All bad lines by reason; only where one batch is asked for."),
  })
  .meta({ id: "Batch" });

export const batchesBody = z
  .object({
    batches: z.array(batchBody).describe("Newest first."),
    next_cursor: z.string().nullable().describe("For the parameter `cursor`; null on the last page."),
  })
  .meta({ id: "Batches" });

export const pieceBody = z
  .object({
    number: whole,
    rows: whole.optional(),
    rejected: whole.optional(),
    bytes: whole.optional().describe("Decompressed."),
  })
  .meta({ id: "Piece" });

export const problemBody = z
  .object({
    type: z.string().describe("Path of the explanation, relative to the address of the service."),
    title: z.string(),
    status: z.int().min(400).max(599),
    detail: z.string(),
    errors: z
      .array(z.object({ parameter: z.string(), type: z.string(), detail: z.string() }))
      .optional()
      .describe("Parameters that are wrong, up to ten; `type` of the document is that of the first."),
    lines: z.array(badLine).optional().describe("Lines of an upload that could not be loaded."),
  })
  .meta({ id: "Problem" });
