import { readFileSync } from "node:fs";
import yaml from "js-yaml";
import { inProject } from "../in-project.js";

/** A rule that records a series, or an alarm. */
export interface Rule {
  readonly record?: string;
  readonly alert?: string;
  readonly expr: string;
  readonly for?: string;
  readonly labels?: Readonly<Record<string, string>>;
  readonly annotations?: Readonly<Record<string, string>>;
}

export interface RuleGroup {
  readonly name: string;
  readonly rules: readonly Rule[];
}

/**
 * Groups of rules, out of a file in which `$(NAME)` stands for values of the stack. The chart replaces them in the same
 * way (charts/ratesapp/templates/alarms), so that each rule is written once, as Prometheus reads it.
 * @throws {Error} if the file has a name without a value.
 */
export function ruleGroups(path: string, values: Readonly<Record<string, string | number>>): RuleGroup[] {
  const text = readFileSync(inProject(path), "utf8").replaceAll(/\$\((\w+)\)/g, (_, name: string) => {
    const value = values[name];
    if (value === undefined) throw new Error(`${path}: there is no value for $(${name})`);
    return String(value);
  });
  return yaml.load(text) as RuleGroup[];
}
