import { z } from "zod";

const ratesOfLane = z
  .array(
    z.object({
      day: z.iso.date().describe("The day; or the first day of the week or month that is in the range."),
      last_day: z.iso
        .date()
        .optional()
        .describe("With interval `week` and `month`: the last day of it that is in the range."),
      count: z.int().positive().nullable().describe("Number of prices; null if there are none."),
      price: z.number().nullable().describe("Mean price in US dollars, in double precision; null under 3 prices."),
    }),
  )
  .describe("Every day, week or month of the range, newest first.");

/** The JSON that `GET /rates` answers with. */
export const ratesBody = z.object({ rates: ratesOfLane }).meta({ id: "Rates" });

/** The JSON that `GET /rates/lanes` answers with. */
export const lanesBody = z
  .object({
    lanes: z
      .array(
        z.object({
          origin: z.string().describe("Code of a port or slug of a region."),
          destination: z.string(),
          rates: ratesOfLane,
        }),
      )
      .describe("The lanes in the order of the question."),
  })
  .meta({ id: "Lanes" });
