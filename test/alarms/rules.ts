import { databaseRules } from "../../infra/alarms/database-rules.js";
import { type Rule, type RuleGroup, ruleGroups } from "../../infra/alarms/rule-file.js";
import { namesOf } from "../../infra/names.js";
import { rawSettings, readStackSettings } from "../../infra/settings/read-settings.js";
import type { Settings } from "../../infra/settings/schema.js";
import { configOf } from "../infra/render.js";

/** An alarm, as it is in the rules. */
export type Alarm = Rule & Required<Pick<Rule, "alert" | "labels" | "annotations">>;

export const settingsOf = (stack: string, config = configOf(stack)): Settings => {
  const text = (value: unknown) => (typeof value === "string" ? value : JSON.stringify(value));
  const all = Object.fromEntries(Object.entries(config).map(([key, value]) => [key, text(value)]));
  return readStackSettings(stack, rawSettings(all), "ratesapp:0.1.0");
};

/** The files of the chart, as a release of the stack has them. */
export function chartRules(stack: string, { alarms }: Settings): RuleGroup[] {
  const { release, workloads } = namesOf(stack);
  const values = {
    NAMESPACE: workloads,
    NAME: release,
    RUNBOOKS: alarms.runbooks,
    AVAILABILITY: alarms.availability,
    LATENCY_SECONDS: alarms.latencySeconds,
    LATENCY_SHARE: alarms.latencyShare,
    FEED_STALE_SECONDS: alarms.feedStaleSeconds,
    BATCH_STUCK_SECONDS: alarms.batchStuckSeconds,
    FOLD_WAITING_BATCHES: alarms.foldWaitingBatches,
  };
  return ["batches", "feeds", "objectives", "serving"].flatMap((file) =>
    ruleGroups(`charts/ratesapp/alarms/${file}.yaml`, values),
  );
}

/** All rules of a stack, of its database and of its workloads. */
export const rulesOf = (stack: string, settings = settingsOf(stack)): RuleGroup[] => [
  ...chartRules(stack, settings),
  ...databaseRules(namesOf(stack), settings),
];

export const alarmsIn = (groups: readonly RuleGroup[]): Alarm[] =>
  groups.flatMap(({ rules }) => rules.filter((rule): rule is Alarm => rule.alert !== undefined));
