import type { z } from "zod";

/**
 * Adds two rules to a text. Postgres refuses a NUL in text. Half of a surrogate pair, which JSON can contain, would be
 * stored as another character.
 */
export function storable(text: z.ZodString): z.ZodString {
  return text
    .refine((value) => !value.includes("\0"), "must not hold a NUL")
    .refine((value) => value.isWellFormed(), "must be well-formed Unicode");
}
