import { z } from "zod";

const dollars = (description: string) =>
  z.number().nullable().describe(`${description} Also null if the release before loaded prices of the day.`);

/** The JSON that `GET /rates/spread` answers with. */
export const spreadBody = z
  .object({
    rates: z
      .array(
        z.object({
          day: z.iso.date(),
          count: z.int().positive().nullable().describe("Number of prices; null on a day without any."),
          price: z.number().nullable().describe("Mean price in US dollars, in double precision; null under 3 prices."),
          low: dollars("A tenth of the prices are no higher, within 1 %; null under 10 prices."),
          median: dollars("Half of the prices are no higher, within 1 %; null under 3 prices."),
          high: dollars("Nine tenths of the prices are no higher, within 1 %; null under 10 prices."),
        }),
      )
      .describe("Every day of the range, newest first."),
  })
  .meta({ id: "Spread" });
