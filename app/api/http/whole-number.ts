import { z } from "zod";

/** Schema of a whole number: a JSON number, or decimal digits, because parameters are text. */
export function wholeNumber(least: number, most: number) {
  const rule = `must be a whole number from ${least} to ${most}`;
  return z.preprocess(readDigits, z.int(rule).min(least, rule).max(most, rule));
}

/**
 * Reads at most 15 digits. A JavaScript number cannot hold more digits exactly, so a longer text stays text and is
 * refused.
 */
function readDigits(value: unknown): unknown {
  return typeof value === "string" && /^\d{1,15}$/.test(value) ? Number(value) : value;
}
