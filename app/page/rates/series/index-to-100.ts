type Values = readonly (number | null)[];

/**
 * The first day on which every lane has a value, so that all lanes begin at 100 on the same day. Lanes without any
 * value do not count. Undefined if there is no such day.
 */
export function baseDay(lanes: readonly Values[]): number | undefined {
  const valued = lanes.filter((values) => values.some(Boolean));
  const found = valued[0]?.findIndex((_, index) => valued.every((values) => values[index]));
  return found === undefined || found < 0 ? undefined : found;
}

/** The value of a lane that is 100: that of the common day or, without a common day, the first of the lane itself. */
export function baseValue(values: Values, base: number | undefined): number | undefined {
  return (base === undefined ? values.find(Boolean) : values[base]) ?? undefined;
}

/** Each value in percent of `hundred`. */
export function indexTo100(values: Values, hundred: number | undefined): (number | null)[] {
  return values.map((value) => (value === null || !hundred ? null : (100 * value) / hundred));
}
