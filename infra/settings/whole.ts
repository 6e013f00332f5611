import { z } from "zod";

/** A whole number in a range, both ends included. */
export const whole = (least: number, most: number) => {
  const range = `must be a whole number from ${least} to ${most}`;
  return z.int(range).min(least, range).max(most, range);
};
