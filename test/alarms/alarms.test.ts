import { execFileSync } from "node:child_process";
import { readdirSync, readFileSync } from "node:fs";
import { basename } from "node:path";
import { expect } from "chai";
import yaml from "js-yaml";
import { skipWithout } from "../kit/skip.js";
import { checkRules, type Expectation, type Series, testRules } from "./promtool.js";
import { type Alarm, alarmsIn, rulesOf, settingsOf } from "./rules.js";

/** A case in test/alarms/cases: what happens, and whether the alarm fires then. */
interface Case {
  /** Labels of the alarm beside those of its rule; undefined if it must be silent. */
  readonly fires?: Readonly<Record<string, string>>;
  /** Why the alarm is silent. */
  readonly silent?: string;
  readonly interval?: string;
  readonly evaluate?: string;
  readonly series: Series;
  readonly at: string;
  /** The description that a person reads. */
  readonly says?: string;
}

const folder = (name: string) => new URL(`${name}/`, import.meta.url);
const filesIn = (name: string) => readdirSync(folder(name)).filter((file) => file.endsWith(".yaml"));

/** All scalars are text: the values `0x10` are ten zeros, and no number. */
const read = (file: URL) => yaml.load(readFileSync(file, "utf8"), { schema: yaml.FAILSAFE_SCHEMA });

const rules = rulesOf("prod");
const alarms = alarmsIn(rules);
const cases: Readonly<Record<string, readonly Case[]>> = Object.assign(
  {},
  ...filesIn("cases").map((file) => read(new URL(file, folder("cases")))),
);
const RUNBOOKS = new URL("../../docs/operations/runbooks/", import.meta.url);

/** The alarm alone, with the series that it needs: all rules take a hundred times as long. */
const only = ({ alert }: Alarm) =>
  rules
    .filter((group) => group.rules.some((rule) => rule.alert === alert))
    .map((group) => ({ ...group, rules: group.rules.filter((rule) => rule.record || rule.alert === alert) }));

function expectation({ alert, annotations, labels }: Alarm, one: Case): Expectation {
  const { at, evaluate, fires, interval, says, series } = one;
  const expected = { exp_labels: { ...labels, ...fires }, exp_annotations: { ...annotations, description: says } };
  return {
    series,
    ...(interval && { interval }),
    ...(evaluate && { evaluate }),
    alert_rule_test: [{ eval_time: at, alertname: alert, exp_alerts: fires ? [expected] : [] }],
  };
}

describe("each alarm", () => {
  it("says how urgent it is, what it is about, and where the page is that says what to do", () => {
    for (const { alert, annotations, labels } of alarms) {
      expect(labels.severity, alert).to.be.oneOf(["page", "ticket"]);
      expect(labels.namespace, alert).to.equal("ratesapp-prod");
      expect(annotations, alert).to.have.all.keys("summary", "description", "runbook_url");
      expect(annotations.runbook_url, alert).to.match(new RegExp(`/docs/operations/runbooks/${labels.kind}\\.md$`));
    }
  });

  it("has a name of its own", () => {
    const names = alarms.map(({ alert }) => alert);
    expect(names.filter((name, at) => names.indexOf(name) !== at)).to.deep.equal([]);
  });

  it("has a runbook, and each runbook an alarm, which it names", () => {
    const pages = readdirSync(RUNBOOKS).filter((file) => file !== "README.md");
    const kinds = new Set(alarms.map(({ labels }) => `${labels.kind}.md`));
    expect(pages.sort()).to.deep.equal([...kinds].sort());
    for (const page of pages) {
      const text = readFileSync(new URL(page, RUNBOOKS), "utf8");
      const ours = alarms.filter(({ labels }) => labels.kind === basename(page, ".md")).map(({ alert }) => alert);
      for (const alert of ours) expect(text, `${page} names ${alert}`).to.include(`\`${alert}\``);
      for (const part of ["## Meaning", "## Impact", "## Diagnosis", "## Mitigation"]) {
        expect(text, `${page} has ${part}`).to.include(`\n${part}\n`);
      }
    }
  });

  it("that wakes a person is in the list of the page for that person", () => {
    const text = readFileSync(new URL("../on-call.md", RUNBOOKS), "utf8");
    const table = text.slice(0, text.indexOf("## Where to look"));
    const pages = alarms.filter(({ labels }) => labels.severity === "page").map(({ alert }) => alert);
    expect([...table.matchAll(/`([A-Z]\w+)`(?=[^|\n]*\|)/g)].map(([, name]) => name)).to.have.members(pages);
  });

  it("has commands that a shell can read", () => {
    const documents = ["../on-call.md", ...readdirSync(RUNBOOKS)].map((page) => new URL(page, RUNBOOKS));
    for (const document of documents) {
      for (const [, commands = ""] of readFileSync(document, "utf8").matchAll(/^```sh\n(.*?)^```/gms)) {
        execFileSync("bash", ["-n"], { input: commands });
      }
    }
  });

  it("has a case in which it fires and one in which it is silent", () => {
    expect(Object.keys(cases).sort()).to.deep.equal(alarms.map(({ alert }) => alert).sort());
    for (const [name, list] of Object.entries(cases)) {
      expect(
        list.some(({ fires, says }) => fires && says),
        `${name} fires`,
      ).to.equal(true);
      expect(
        list.some(({ silent }) => silent),
        `${name} is silent`,
      ).to.equal(true);
      expect(list.filter(({ fires, silent }) => (fires === undefined) === (silent === undefined))).to.deep.equal([]);
    }
  });
});

describe("alarms, by promtool", function () {
  this.timeout(60_000);

  before(function () {
    return skipWithout(this, "promtool");
  });

  const sandbox = (config: object) => settingsOf("ann", { "ratesapp:platform": { prometheus: "present" }, ...config });
  const stacks = {
    prod: rules,
    staging: rulesOf("staging"),
    "a sandbox": rulesOf("ann", sandbox({})),
    "two databases": rulesOf(
      "staging",
      settingsOf("staging", {
        "ratesapp:environment": "staging",
        "ratesapp:cluster": { context: "staging" },
        "ratesapp:database": {
          clusters: { ratesapp: "empty", "restored-1": { server: "ratesapp-staging-1" } },
          backups: { destination: "s3://backups/", method: "in-tree" },
        },
      }),
    ),
  };
  for (const [stack, groups] of Object.entries(stacks)) {
    it(`are rules that Prometheus takes, for ${stack}`, () => checkRules(groups));
  }

  for (const alarm of alarms) {
    it(`${alarm.alert} fires when it should and else is silent`, () =>
      testRules(
        only(alarm),
        (cases[alarm.alert] ?? []).map((one) => expectation(alarm, one)),
      ));
  }
});
