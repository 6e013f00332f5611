import { expect } from "chai";
import { namesOf } from "../../../infra/names.js";
import { chartRules, settingsOf } from "../../alarms/rules.js";
import { render as renderStack } from "../render.js";
import { charts } from "../stack-policies.js";
import { render, skipWithoutHelm, type Values } from "./helm.js";
import type { KubernetesObject } from "./kubernetes-object.js";

describe("the chart's alarms", function () {
  this.timeout(60_000);

  before(skipWithoutHelm);

  const groupsOf = (objects: readonly KubernetesObject[]) => {
    const rules = objects.filter(({ kind }) => kind === "PrometheusRule") as (KubernetesObject & {
      spec: { groups: { name: string }[] };
    })[];
    return rules.flatMap(({ spec }) => spec.groups);
  };
  const owner = { database: { owner: { secretName: "postgres" } } };

  it("are those that promtool tests, with the thresholds of the stack", async () => {
    const [chart] = charts(await renderStack("prod"));
    const objects = await render(chart?.values as Values, namesOf("prod").release);
    const inNamespace = JSON.parse(
      JSON.stringify(chartRules("prod", settingsOf("prod"))).replaceAll("ratesapp-prod", "rates"),
    );
    expect(groupsOf(objects)).to.deep.equal(inNamespace);
  });

  it("are left out unless they are asked for, and those of feeds where there is no operator", async () => {
    expect(groupsOf(await render(owner))).to.deep.equal([]);
    const groups = groupsOf(await render({ ...owner, alarms: { enabled: true }, operator: { enabled: false } }));
    expect(groups.map(({ name }) => name)).to.deep.equal([
      "ratesapp-batches",
      "ratesapp-objectives",
      "ratesapp-serving",
    ]);
  });
});
