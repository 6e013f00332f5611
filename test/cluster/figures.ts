import { expect } from "chai";

const lines: string[] = [];

/**
 * Notes a figure, for the end of the run. RATESAPP_FIGURES=hold makes its limit a condition, on a machine that has
 * nothing else to do.
 */
export function figure(what: string, value: number, unit: "s" | "MiB" | "m", most?: number): void {
  const digits = unit === "s" ? 1 : 0;
  lines.push(`${what}: ${value.toFixed(digits)} ${unit}${most === undefined ? "" : ` (at most ${most})`}`);
  if (most !== undefined && process.env.RATESAPP_FIGURES === "hold") expect(value, what).to.be.at.most(most);
}

/** Notes a figure that must hold on a busy machine too: its limit leaves several times what is needed. */
export function promised(what: string, value: number, unit: "s" | "MiB", most: number): void {
  figure(what, value, unit, most);
  expect(value, what).to.be.at.most(most);
}

export function printFigures(): void {
  for (const line of lines.splice(0)) console.log(`    ${line}`);
}
