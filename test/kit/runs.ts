/**
 * How many random cases a test tries: a few in `npm test`, so that it stays quick, and all with `THOROUGH=1`, as CI
 * runs these files. `RUNS=200` gives any number, to look for a rare case.
 * @param thorough with `THOROUGH=1`
 */
export function runs(thorough: number): number {
  const { RUNS, THOROUGH } = process.env;
  if (RUNS !== undefined) return Number(RUNS);
  return THOROUGH === "1" ? thorough : Math.ceil(thorough / 5);
}
