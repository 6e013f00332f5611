import { readFileSync } from "node:fs";
import { expect } from "chai";
import yaml from "js-yaml";
import { type InhibitRule, type Matcher, routing } from "../../infra/alarms/routing.js";
import { skipWithout } from "../kit/skip.js";
import { type Series, testRules } from "./promtool.js";
import { alarmsIn, rulesOf } from "./rules.js";

interface Moment {
  readonly at: string;
  /** Names of all alarms that fire. */
  readonly fire: readonly string[];
  /** Names of those that a person is told of; all that fire if not given. */
  readonly told?: readonly string[];
}

interface Incident {
  readonly what: string;
  /** Over those of a healthy stack. */
  readonly series: Series;
  readonly then: readonly Moment[];
}

const read = (name: string) =>
  yaml.load(readFileSync(new URL(`incidents/${name}.yaml`, import.meta.url), "utf8"), {
    schema: yaml.FAILSAFE_SCHEMA,
  });

const rules = rulesOf("prod");
const alarms = new Map(alarmsIn(rules).map((alarm) => [alarm.alert, alarm]));
const healthy = read("healthy") as Series;
const incidents = read("incidents") as readonly Incident[];

const minutes = (at: string): number => Number(at.slice(0, -1)) * (at.endsWith("h") ? 60 : 1);

/** The series of a healthy stack until the last moment, with what the incident changes. */
function seriesOf({ series, then }: Incident): Series {
  const last = Math.max(...then.map(({ at }) => minutes(at)));
  const until = Object.entries(healthy).map(([name, values]) => [name, values.replace("xN", `x${last}`)]);
  return { ...Object.fromEntries(until), ...series };
}

const firing = ({ at, fire }: Moment) => ({
  expr: `group by (alertname, severity) (ALERTS{alertstate="firing"})`,
  eval_time: at,
  exp_samples: fire.map((name) => ({
    labels: `{alertname="${name}", severity="${alarms.get(name)?.labels.severity}"}`,
    value: 1,
  })),
});

const matches = (labels: Readonly<Record<string, string>>, matchers: readonly Matcher[]): boolean =>
  matchers.every(({ matchType, name, value }) =>
    matchType === "=" ? labels[name] === value : new RegExp(`^(?:${value})$`).test(labels[name] ?? ""),
  );

/** What Alertmanager does not hold back. */
function notInhibited(names: readonly string[], inhibitRules: readonly InhibitRule[]): string[] {
  const labelsOf = (name: string) => alarms.get(name)?.labels ?? {};
  return names.filter((target) =>
    inhibitRules.every(({ equal = [], sourceMatch, targetMatch }) => {
      if (!matches(labelsOf(target), targetMatch)) return true;
      const sources = names.filter((source) => source !== target && matches(labelsOf(source), sourceMatch));
      return !sources.some((source) => equal.every((label) => labelsOf(source)[label] === labelsOf(target)[label]));
    }),
  );
}

describe("an incident, replayed by promtool", function () {
  this.timeout(120_000);

  before(function () {
    return skipWithout(this, "promtool");
  });

  for (const incident of incidents) {
    it(`raises the right alarms and no other: ${incident.what}`, () =>
      testRules(rules, [{ series: seriesOf(incident), promql_expr_test: incident.then.map(firing) }]));
  }
});

describe("alarms that follow from others", () => {
  const { inhibitRules } = routing({ page: ["slackUrl"], ticket: ["slackUrl"] }, "receivers");

  for (const { then, what } of incidents) {
    it(`are held back: ${what}`, () => {
      for (const { at, fire, told = fire } of then) {
        expect(notInhibited(fire, inhibitRules), at).to.have.members([...told]);
      }
    });
  }

  it("are not what consumers notice, when a zone is lost", () => {
    const pages = ["ZoneLost", "RequestsFail", "RequestsAreSlow", "ApiDown", "NoPrimary", "QuorumLost"];
    expect(notInhibited(pages, inhibitRules)).to.deep.equal(pages);
  });

  it("are of kinds that there are", () => {
    const kinds = new Set([...alarms.values()].map(({ labels }) => labels.kind));
    const named = inhibitRules.flatMap(({ sourceMatch, targetMatch }) =>
      [...sourceMatch, ...targetMatch].filter(({ name }) => name === "kind").flatMap(({ value }) => value.split("|")),
    );
    for (const kind of named) expect(kinds).to.include(kind);
  });
});
