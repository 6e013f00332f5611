import { InvalidArgumentError } from "commander";
import { feedName } from "../ingest/feeds.js";
import { UsageError } from "./failure.js";

/** The largest value of the column `batches.id`. */
export const LAST_BATCH = 2_147_483_647;

/** Reads a whole number in decimal digits. */
export function parseWholeNumber(least: number, most: number): (text: string) => number {
  return (text) => {
    const number = /^\d{1,15}$/.test(text) ? Number(text) : Number.NaN;
    if (number >= least && number <= most) return number;
    throw new InvalidArgumentError(`It must be a whole number from ${least} to ${most}.`);
  };
}

/** Makes errors name the argument. Commander would call it a "command-argument value". */
export function argument<Value>(name: string, parse: (text: string) => Value): (text: string) => Value {
  return (text) => {
    try {
      return parse(text);
    } catch (error) {
      if (!(error instanceof InvalidArgumentError)) throw error;
      throw new UsageError(`error: argument ${name} '${text}' is invalid. ${error.message}`);
    }
  };
}

/** Reads the id of a batch. */
export const batchNumber = argument("<id>", parseWholeNumber(1, LAST_BATCH));

/** Reads the name of a feed. */
export function feed(text: string): string {
  const parsed = feedName.safeParse(text);
  if (parsed.success) return parsed.data;
  throw new InvalidArgumentError(`It ${parsed.error.issues[0]?.message}.`);
}

/** Reads a name as Kubernetes has it for namespaces (RFC 1123); a Feed's is one of them. */
export function kubernetesName(text: string): string {
  if (/^[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?$/.test(text)) return text;
  throw new InvalidArgumentError("It must be up to 63 lower-case letters, digits and dashes.");
}

/** Reads a text that is not empty, such as a path. */
export function filled(text: string): string {
  if (text.trim() === "") throw new InvalidArgumentError("It must not be empty.");
  if (text.includes("\0")) throw new InvalidArgumentError("It must not hold a NUL.");
  return text;
}
