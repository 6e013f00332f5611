import type { Check, Look, Version } from "./look.js";

/** What is shown of a look: one line for each thing; only those that changed are printed. */
export function linesOf(it: Look): Record<string, string> {
  const pods = ({ ready, total }: Version) => `${ready}/${total} pods ready`;
  const where = it.strategy === "canary" ? `step ${Math.min(it.step + 1, it.steps)} of ${it.steps}` : "blue/green";
  return {
    ...(it.migration && it.migration !== "done" && { migration: `migration  ${it.migration}` }),
    ...(it.next && {
      servers: `servers    ${where}, weight ${it.weight} %: new ${pods(it.next)}, old ${it.stable ? pods(it.stable) : "none"}`,
    }),
    ...(it.next && it.checks.length > 0 && { checks: `checks     ${it.checks.map(shown).join(", ")}` }),
    ...(!it.next && it.stable && { servers: `servers    ${pods(it.stable)}` }),
    ...(it.trouble && { trouble: `trouble    ${it.trouble}` }),
  };
}

const shown = ({ name, phase, value }: Check): string =>
  `${name} ${number(value)}${phase === "Failed" || phase === "Error" ? ` (${phase.toLowerCase()})` : ""}`;

/** A measurement is a list with one number; an empty one means that there were no requests. */
function number(value: string | undefined): string {
  if (value === undefined) return "not yet";
  const [, inner] = /^\[(.*)\]$/.exec(value) ?? [];
  if (inner === undefined) return value;
  return inner === "" || inner === "NaN" ? "none" : String(Number(Number(inner).toPrecision(3)));
}
