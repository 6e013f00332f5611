import { z } from "zod";
import { countryOf } from "../../places/country.js";
import type { Place } from "../../places/place.js";
import { otherNamesOf } from "../../places/port-names.js";

/** A port in answers. */
export const portBody = z
  .object({
    code: z.string().describe("UN/LOCODE."),
    name: z.string(),
    parent: z.string().nullable().describe("Slug of the region that the port lies in; null for none."),
    country: z
      .object({
        code: z.string().describe("ISO 3166-1 alpha-2: the first two letters of the port's code."),
        name: z.string().describe("In English."),
        other_names: z.array(z.string()).describe("Other common names, such as USA."),
      })
      .nullable()
      .describe("Null if the code begins with the letters of no country."),
    other_names: z.array(z.string()).describe("Other common names, such as Saigon for Ho Chi Minh City."),
  })
  .meta({ id: "Port" });

/** The answer's form of a port. */
export function describePort({ code, name, parent }: Omit<Place, "kind">): z.output<typeof portBody> {
  const country = countryOf(code);
  return {
    code,
    name,
    parent,
    country: country && { code: country.code, name: country.name, other_names: [...country.otherNames] },
    other_names: [...otherNamesOf(code, name)],
  };
}
