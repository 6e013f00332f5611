import { execFile } from "node:child_process";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import yaml from "js-yaml";
import type { RuleGroup } from "../../infra/alarms/rule-file.js";
import { namesOf } from "../../infra/names.js";

const run = promisify(execFile);

/** Values over time by series, as promtool writes them: `0+60x80`. */
export type Series = Readonly<Record<string, string>>;

/** What promtool expects after a time. */
export interface Expectation {
  /** Time between two values of a series, a minute if not given. */
  readonly interval?: string;
  /** Time between two evaluations of the rules; the interval if not given. */
  readonly evaluate?: string;
  readonly series: Series;
  readonly alert_rule_test?: readonly object[];
  readonly promql_expr_test?: readonly object[];
}

/** @throws with what promtool wrote, if it refuses the rules. */
export const checkRules = (groups: readonly RuleGroup[]): Promise<void> =>
  promtool({ "rules.yaml": { groups } }, ["check", "rules", "--lint=all", "--lint-fatal", "rules.yaml"]);

/** @throws with what promtool wrote, if the rules do anything else than expected. */
export const testRules = (groups: readonly RuleGroup[], expected: readonly Expectation[]): Promise<void> => {
  const tests = expected.map(({ evaluate, interval = "1m", series, ...rest }, at) => {
    const input = Object.entries(series).map(([name, values]) => ({ series: placed(name), values }));
    const test = { interval, input_series: input, ...rest };
    return [
      `${at}.yaml`,
      { rule_files: ["rules.yaml"], evaluation_interval: evaluate ?? interval, tests: [test] },
    ] as const;
  });
  const files = { "rules.yaml": { groups }, ...Object.fromEntries(tests) };
  return promtool(files, ["test", "rules", ...tests.map(([name]) => name)]);
};

/**
 * A series that names no namespace is in that of the database if its metric is one of CloudNativePG, of the archive or
 * of a volume, and else in that of the workloads.
 */
function placed(series: string): string {
  if (/[{,]namespace=/.test(series)) return series;
  const { database, workloads } = namesOf("prod");
  const namespace = /^(cnpg|barman|kubelet)_/.test(series) ? database : workloads;
  const [name, labels = ""] = series.replace(/}$/, "").split("{");
  return `${name}{namespace="${namespace}"${labels && `,${labels}`}}`;
}

async function promtool(files: Readonly<Record<string, object>>, args: readonly string[]): Promise<void> {
  const folder = await mkdtemp(join(tmpdir(), "ratesapp-alarms-"));
  try {
    for (const [name, content] of Object.entries(files)) await writeFile(join(folder, name), yaml.dump(content));
    await run("promtool", [...args], { cwd: folder });
  } catch (error) {
    const { stdout = "", stderr = "" } = error as { stdout?: string; stderr?: string };
    throw new Error(`${stdout}${stderr}` || String(error));
  } finally {
    await rm(folder, { recursive: true });
  }
}
