import { z } from "zod";
import { wholeNumber } from "./whole-number.js";

const RULE = "must be the next_cursor of an answer";

/** How a list is cut into pages. */
export interface Pagination<Position> {
  /** What a page lists, such as "ports". */
  readonly of: string;
  readonly most: number;
  /** Length of a page if `limit` is not given. */
  readonly usual: number;
  /** @returns where a page begins, or undefined for a text that no answer gave as `next_cursor`. */
  readonly readCursor: (text: string) => Position | undefined;
}

/** The parameters `limit` and `cursor` of a list that is answered a page at a time. */
export function paginationParameters<Position>({ of, most, usual, readCursor }: Pagination<Position>) {
  return {
    limit: wholeNumber(1, most)
      .default(usual)
      .meta({ description: `Most ${of} on a page.`, examples: [usual] }),
    cursor: z
      .string()
      .min(1, RULE)
      .transform((text, context) => {
        const position = readCursor(text);
        if (position !== undefined) return position;
        context.addIssue(RULE);
        return z.NEVER;
      })
      .optional()
      .meta({ description: "`next_cursor` of the page before; the first page if not given." }),
  };
}
