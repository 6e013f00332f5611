import { readFileSync } from "node:fs";
import { Ajv } from "ajv";
import { expect } from "chai";
import { load } from "js-yaml";
import schema from "../../charts/ratesapp/values.schema.json" with { type: "json" };
import { merge } from "../../infra/settings/merge.js";
import { render as renderChart, skipWithoutHelm } from "./chart/helm.js";
import { type Config, render } from "./render.js";
import { charts } from "./stack-policies.js";

type Feeds = Readonly<Record<string, Readonly<Record<string, unknown>>>>;

const read = (path: string) => load(readFileSync(new URL(`../../${path}`, import.meta.url), "utf8"));
const chartValues = read("charts/ratesapp/values.yaml") as Readonly<Record<string, unknown>>;
const values = read("examples/feeds/values.yaml") as { feeds: Feeds };
const stack = read("examples/feeds/stack.yaml") as { config: Config };

describe("the feeds of the examples", function () {
  this.timeout(60_000);

  it("are values that the chart takes", () => {
    const validate = new Ajv({ allErrors: true, allowUnionTypes: true }).compile(schema);
    // As helm does: what the user gives, over the chart's own values.
    validate(merge(chartValues, values));
    expect(validate.errors ?? []).to.deep.equal([]);
    expect(values.feeds).to.have.keys("folder", "address", "prefix");
  });

  it("are settings that a stack takes, and give the chart the same feeds", async () => {
    const credentials = { prefix: { AWS_ACCESS_KEY_ID: "id", AWS_SECRET_ACCESS_KEY: "key" } };
    const config = { ...stack.config, "ratesapp:feedCredentials": credentials };
    const [chart] = charts(await render("mine", config, ["ratesapp:feedCredentials"]));
    // The chart's user names a Secret, the stack makes one.
    const prefix = { ...values.feeds.prefix, credentialsSecretName: "ratesapp-feed-prefix" };
    expect(chart?.values.feeds).to.deep.equal({ ...values.feeds, prefix });
  });

  describe("as the chart renders them", () => {
    before(skipWithoutHelm);

    it("are a CronJob each", async () => {
      const objects = await renderChart({ ...values, database: { owner: { secretName: "database" } } });
      const names = objects.filter(({ kind }) => kind === "CronJob").map(({ metadata }) => metadata?.name);
      expect(names).to.include.members(Object.keys(values.feeds).map((feed) => `ratesapp-ingest-${feed}`));
    });
  });
});
