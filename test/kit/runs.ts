/**
 * How many random cases a test tries: a few in `npm test`, so that it stays quick, and all with `THOROUGH=1`, as in CI.
 * `RUNS=200` sets any number, to look for a rare case.
 * @param thorough the number with `THOROUGH=1`
 */
export function runs(thorough: number): number {
  const { RUNS, THOROUGH } = process.env;
  if (RUNS !== undefined) return Number(RUNS);
  return THOROUGH === "1" ? thorough : Math.ceil(thorough / 5);
}
