import { z } from "zod";

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

export const problemBody = z
  .object({
    type: z.string().describe("Path of the explanation, relative to the address of the service."),
    title: z.string(),
    status: z.int().min(400).max(599),
    detail: z.string(),
    errors: z
      .array(z.object({ parameter: z.string(), type: z.string(), detail: z.string() }))
      .optional()
      .describe("Every parameter that is wrong; `type` of the document is that of the first."),
  })
  .meta({ id: "Problem" });
