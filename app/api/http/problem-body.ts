import { z } from "zod";

const whole = z.int().nonnegative();

/** A line of prices that could not be loaded. */
export const badLineBody = z.object({
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

/** Number of bad lines for each reason. */
export const errorCountsBody = z.array(z.object({ reason: z.string(), count: whole }));

/** The body of every error, sent as `application/problem+json`. */
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
    lines: z.array(badLineBody).optional().describe("The first lines of an upload that could not be loaded."),
    error_counts: errorCountsBody
      .optional()
      .describe("How many lines of the batch could not be loaded for each reason, most frequent first."),
  })
  .meta({ id: "Problem" });
