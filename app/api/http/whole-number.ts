import { z } from "zod";

/** A number in JSON, or its decimal digits, because parameters are texts. */
export function wholeNumber(least: number, most: number) {
  const rule = `must be a whole number from ${least} to ${most}`;
  return z.preprocess(readDigits, z.int(rule).min(least, rule).max(most, rule));
}

/** At most 15 digits: more are beyond what a number holds exactly, and stay a text, which is refused. */
function readDigits(value: unknown): unknown {
  return typeof value === "string" && /^\d{1,15}$/.test(value) ? Number(value) : value;
}
