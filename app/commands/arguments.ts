import { InvalidArgumentError } from "commander";
import { feedName } from "../ingest/feeds.js";
import { UsageError } from "./failure.js";

/** Of the column that holds it. */
const LAST_BATCH = 2_147_483_647;

/** Reads an option that is a whole number, written in digits alone. */
export function wholeNumber(least: number, most: number): (text: string) => number {
  return (text) => {
    const number = readDigits(text);
    if (number >= least && number <= most) return number;
    throw new InvalidArgumentError(`It must be a whole number from ${least} to ${most}.`);
  };
}

/** Reads the number of a batch. */
export function batchNumber(text: string): number {
  const number = readDigits(text);
  if (number >= 1 && number <= LAST_BATCH) return number;
  throw new UsageError(`<id> must be the number of a batch, such as 7, not ${JSON.stringify(text)}.`);
}

/** Reads the name of a feed. */
export function feed(text: string): string {
  const parsed = feedName.safeParse(text);
  if (parsed.success) return parsed.data;
  throw new InvalidArgumentError(`It ${parsed.error.issues[0]?.message}.`);
}

/** Reads a text that says something, such as a path. */
export function filled(text: string): string {
  if (text.trim() === "") throw new InvalidArgumentError("It must not be empty.");
  if (text.includes("\0")) throw new InvalidArgumentError("It must not hold a NUL.");
  return text;
}

/** NaN for what is no whole number. */
function readDigits(text: string): number {
  return /^\d{1,15}$/.test(text) ? Number(text) : Number.NaN;
}
