import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { expect } from "chai";
import yaml from "js-yaml";
import { configOf, keyOf, type Rendered, render } from "./render.js";
import { charts, productionPolicies, stackPolicies } from "./stack-policies.js";

const RESTORED = "restored-20261128-0415";

/** The stack while a database is restored beside the first one. */
function configWith(stack: string, clusters: object, serving: string) {
  const config = configOf(stack);
  const database = config["ratesapp:database"] as object;
  return { ...config, "ratesapp:database": { ...database, clusters, serving } };
}

const beside = (stack: string, serving = "ratesapp") =>
  render(
    stack,
    configWith(
      stack,
      { ratesapp: "empty", [RESTORED]: { server: `ratesapp-${stack}-0badcafe`, to: "2026-11-27T10:15:00.000Z" } },
      serving,
    ),
  );

const byKey = (resources: readonly Rendered[]) =>
  new Map(resources.filter(({ component }) => !component).map((one) => [keyOf(one), one]));

for (const stack of ["staging", "prod"]) {
  describe(`a database of ${stack} that is restored beside the first one`, function () {
    this.timeout(60_000);

    let alone: Map<string, Rendered>;
    let both: Rendered[];
    before(async () => {
      alone = byKey(await render(stack));
      both = await beside(stack);
    });

    it("changes nothing of what is there", () => {
      const found = byKey(both);
      for (const [key, { inputs }] of alone) expect(found.get(key)?.inputs, key).to.deep.equal(inputs);
    });

    it("has all that a database has, under names of its own", () => {
      const added = both.filter((one) => !one.component && !alone.has(keyOf(one)));
      const text = yaml.dump(Object.fromEntries(added.map((one) => [keyOf(one), one.inputs])), {
        lineWidth: 120,
        noRefs: true,
        sortKeys: true,
      });
      const file = new URL(`golden/${stack}-restored.yaml`, import.meta.url);
      if (process.env.RENEW_GOLDEN === "1") writeFileSync(file, text);
      expect(existsSync(file) ? readFileSync(file, "utf8") : "").to.equal(text, "npm run golden writes it anew");
    });

    it("keeps to the policies", () => {
      const policies = { ...stackPolicies, ...(stack === "prod" && productionPolicies) };
      for (const [name, policy] of Object.entries(policies)) expect(policy(both), name).to.deep.equal([]);
    });

    it("is used by pods when the settings say so, and nothing else changes", async () => {
      const switched = byKey(await beside(stack, RESTORED));
      const changed = [...byKey(both)].filter(
        ([key, { inputs }]) => JSON.stringify(switched.get(key)?.inputs) !== JSON.stringify(inputs),
      );
      expect(changed.map(([key]) => key)).to.have.members([
        "kubernetes:helm.sh/v4:Chart ratesapp",
        // Restore drills are of the database that pods use.
        "kubernetes:core/v1:ConfigMap drill",
        "kubernetes:rbac.authorization.k8s.io/v1:Role drill",
        "kubernetes:monitoring.coreos.com/v1:PrometheusRule database-rules",
      ]);
      const [chart] = charts([...switched.values()]);
      const given = chart?.values.database as Record<string, { secretName: string }> | undefined;
      const secrets = ["owner", "ingest", "api"].map((purpose) => `ratesapp-database-${purpose}-${RESTORED}`);
      expect(["owner", "ingest", "api"].map((purpose) => given?.[purpose]?.secretName)).to.deep.equal(secrets);
    });

    it("can be the only one", async () => {
      const origin = { server: `ratesapp-${stack}-0badcafe` };
      const resources = await render(stack, configWith(stack, { [RESTORED]: origin }, RESTORED));
      const clusters = resources.filter(({ type }) => type === "kubernetes:postgresql.cnpg.io/v1:Cluster");
      expect(clusters.map(({ name }) => name)).to.deep.equal([`database-${RESTORED}`]);
      const policies = { ...stackPolicies, ...(stack === "prod" && productionPolicies) };
      for (const [name, policy] of Object.entries(policies)) expect(policy(resources), name).to.deep.equal([]);
    });
  });
}

describe("a database of prod from the archive of an earlier cluster", function () {
  this.timeout(60_000);

  it("may be read by its pods, with the key of that archive", async () => {
    const keyArn = "arn:aws:kms:eu-west-1:123456789012:key/old";
    const origin = { server: "ratesapp-prod-0badcafe", destination: "s3://lost-backups/", keyArn };
    const resources = await render("prod", configWith("prod", { [RESTORED]: origin }, RESTORED));
    const policies = resources.filter(({ type }) => type === "aws:iam/rolePolicy:RolePolicy");
    const text = JSON.stringify(policies.map(({ inputs }) => inputs));
    expect(text).to.include("arn:aws:s3:::lost-backups/*").and.to.include(keyArn);
    const stores = resources.filter(({ type }) => type.endsWith(":ObjectStore"));
    expect(stores.map(({ name }) => name)).to.have.members(["archive", "archive-of-ratesapp-prod-0badcafe"]);
  });
});
