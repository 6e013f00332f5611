import { readFile } from "node:fs/promises";
import { z } from "zod";
import { systemReason } from "../system-reason.js";

/** The feed of a delivery if the user names no feed. */
export const DEFAULT_FEED = "default";

/** The largest number of bad lines that a user may allow a batch. */
export const MOST_BAD_ROWS = 1_000_000_000;
/** The longest deadline that a user may set: about four months. */
export const LONGEST_DEADLINE_SECONDS = 10_000_000;

/** The rule for the name of a feed, which is also the value of a label of metrics. */
export const feedName = z.string().regex(
  // No half of a surrogate pair either (Cs): JSON can spell one, and Postgres would store it as another character.
  /^[^\s\p{Cc}\p{Cs}]([^\p{Cc}\p{Cs}\p{Zl}\p{Zp}]{0,198}[^\s\p{Cc}\p{Cs}])?$/u,
  "must be 1 to 200 characters, with no space at either end and no control character",
);

const whole = (least: number, most: number) => {
  const rule = `must be a whole number from ${least} to ${most}`;
  return z.int(rule).min(least, rule).max(most, rule);
};
const filled = z
  .string("must be a text")
  .min(1, "must not be empty")
  .refine((text) => !text.includes("\0"), "must not hold a NUL");

const feed = z.strictObject(
  {
    source: filled,
    mode: z.enum(["append", "replace"], "must be append or replace").optional(),
    maxBadRows: whole(0, MOST_BAD_ROWS).optional(),
    deadlineSeconds: whole(1, LONGEST_DEADLINE_SECONDS).optional(),
    rejects: filled.optional(),
  },
  {
    error: ({ code, keys }) =>
      code === "unrecognized_keys" ? `has no such setting: ${keys?.join(", ")}` : "must be an object",
  },
);

/** Settings of a feed: where its deliveries come from, and how they are loaded. */
export type Feed = z.output<typeof feed>;

/** The file of feeds cannot be read, or has mistakes; the message lists all of them. */
export class FeedsFileError extends Error {
  constructor(path: string, mistakes: readonly string[]) {
    super(`${path}:\n${mistakes.map((mistake) => `  ${mistake}`).join("\n")}`);
    this.name = "FeedsFileError";
  }
}

/**
 * Reads a JSON file of feeds by name: `{"sea": {"source": "s3://prices/sea/", "mode": "replace"}}`.
 * @throws {FeedsFileError} naming every mistake at once.
 */
export async function readFeeds(path: string): Promise<ReadonlyMap<string, Feed>> {
  const parsed = z.record(feedName, feed, "must be an object of feeds by name").safeParse(await readJson(path));
  if (parsed.success) return new Map(Object.entries(parsed.data));
  throw new FeedsFileError(
    path,
    parsed.error.issues.map((issue) => {
      const { message } = issue.code === "invalid_key" ? (issue.issues[0] ?? issue) : issue;
      return `${issue.path.join(".") || "the file"}: ${message}`;
    }),
  );
}

async function readJson(path: string): Promise<unknown> {
  const text = await readFile(path, "utf8").catch((error: unknown) => {
    throw new FeedsFileError(path, [`the file cannot be read: ${systemReason(error)}`]);
  });
  try {
    return JSON.parse(text);
  } catch (error) {
    throw new FeedsFileError(path, [`the file is not JSON: ${(error as Error).message}`]);
  }
}
