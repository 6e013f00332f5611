import { z } from "zod";
import { wholeNumber } from "./whole-number.js";

const RULE = "must be the next_cursor of an answer";

/** How a list is divided into pages. */
export interface Pagination<Position> {
  /** What the pages list, such as "ports". */
  readonly of: string;
  readonly most: number;
  /** Number of entries on a page if `limit` is not given. */
  readonly usual: number;
  /** @returns where a page begins; undefined if the text was never given out as `next_cursor`. */
  readonly readCursor: (text: string) => Position | undefined;
}

/** The parameters `limit` and `cursor` of a list. */
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
