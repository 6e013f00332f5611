import { z } from "zod";

/** The JSON that `GET /rates` answers with. */
export const ratesBody = z
  .object({
    rates: z
      .array(
        z.object({
          day: z.iso.date(),
          count: z.int().positive().nullable().describe("Number of prices; null on a day without any."),
          price: z.number().nullable().describe("Mean price in US dollars, in double precision; null under 3 prices."),
        }),
      )
      .describe("Every day of the range, newest first."),
  })
  .meta({ id: "Rates" });
