import { z } from "zod";

const rate = z.object({
  day: z.iso.date().describe("The day; or the first day of the week or month that is in the range."),
  last_day: z.iso
    .date()
    .optional()
    .describe("With interval `week` and `month`: the last day of it that is in the range."),
  count: z.int().positive().nullable().describe("Number of prices; null if there are none."),
  price: z.number().nullable().describe("Mean price in US dollars, in double precision; null under 3 prices."),
});
const NEWEST_FIRST = "Every day, week or month of the range, newest first.";
const ratesOfLane = z.array(rate).describe(NEWEST_FIRST);

/** The JSON that `GET /rates` answers with. */
export const ratesBody = z.object({ rates: ratesOfLane }).meta({ id: "Rates" });

const dollars = (description: string) => z.number().nullable().describe(description);
/** The JSON that `GET /rates/spread` answers with. */
export const spreadBody = z
  .object({
    rates: z
      .array(
        rate.extend({
          low: dollars("A tenth of the prices are no higher, within 1 %; null under 10 prices."),
          median: dollars("Half of the prices are no higher, within 1 %; null under 3 prices."),
          high: dollars("Nine tenths of the prices are no higher, within 1 %; null under 10 prices."),
        }),
      )
      .describe(`${NEWEST_FIRST} Low, median and high are null too if an earlier release wrote some of the prices.`),
  })
  .meta({ id: "Spread" });

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
