import { readFileSync } from "node:fs";
import { Ajv } from "ajv";
import { expect } from "chai";
import yaml from "js-yaml";
import schema from "../../charts/ratesapp/values.schema.json" with { type: "json" };
import type { Routing } from "../../infra/alarms/routing.js";
import { DEFAULT_VERSION, supportedDays } from "../../infra/cluster/eks-versions.js";
import { merge } from "../../infra/settings/merge.js";
import { awsPolicies } from "./aws-policies.js";
import { render as renderChart, skipWithoutHelm } from "./chart/helm.js";
import { policies as chartPolicies } from "./chart/policies.js";
import { configOf, type Rendered, render } from "./render.js";
import { charts, productionPolicies, stackPolicies } from "./stack-policies.js";

for (const stack of ["staging", "prod"]) {
  describe(`stack ${stack}`, function () {
    this.timeout(60_000);

    let resources: Rendered[];
    before(async () => {
      resources = await render(stack);
    });

    const policies = { ...stackPolicies, ...(stack === "prod" && { ...productionPolicies, ...awsPolicies }) };
    for (const [name, policy] of Object.entries(policies)) {
      it(name, () => expect(policy(resources)).to.deep.equal([]));
    }

    it("gives the chart values that its schema takes", () => {
      const validate = new Ajv({ allErrors: true, allowUnionTypes: true }).compile(schema);
      const [chart] = charts(resources);
      const defaults = yaml.load(readFileSync("charts/ratesapp/values.yaml", "utf8")) as Record<string, unknown>;
      validate(merge(defaults, chart?.values ?? {}));
      expect(validate.errors ?? []).to.deep.equal([]);
    });

    describe("its workloads", () => {
      before(skipWithoutHelm);
      for (const [name, policy] of Object.entries(chartPolicies)) {
        it(name, async () => {
          const [chart] = charts(resources);
          expect(policy(await renderChart(chart?.values ?? {}))).to.deep.equal([]);
        });
      }
    });
  });
}

describe("stack policies", function () {
  this.timeout(60_000);

  let resources: Rendered[];
  before(async () => {
    resources = await render("prod");
  });

  /** The resources with one of them changed. */
  const changed = (type: RegExp, name: string, change: (inputs: Record<string, unknown>) => void): Rendered[] =>
    resources.map((resource) => {
      if (!type.test(resource.type) || resource.name !== name) return resource;
      const inputs = structuredClone(resource.inputs) as Record<string, unknown>;
      change(inputs);
      return { ...resource, inputs };
    });
  // biome-ignore lint/suspicious/noExplicitAny: paths into untyped objects
  const cluster = (change: (spec: any) => void) => changed(/cnpg.*:Cluster$/, "database", ({ spec }) => change(spec));
  // biome-ignore lint/suspicious/noExplicitAny: paths into untyped objects
  const pooler = (change: (spec: any) => void) => changed(/cnpg.*:Pooler$/, "pooler-ro", ({ spec }) => change(spec));

  const offences: readonly [policy: string, what: string, resources: () => Rendered[]][] = [
    ["images have a version", "latest", () => cluster((spec) => Object.assign(spec, { imageName: "postgres:latest" }))],
    [
      "the database has what it requests, and poolers are limited",
      "a smaller request",
      () => cluster((spec) => Object.assign(spec.resources.requests, { cpu: "1m" })),
    ],
    [
      "the database has what it requests, and poolers are limited",
      "an archiver without limits",
      () => changed(/:ObjectStore$/, "archive", (inputs) => Object.assign(inputs, { spec: {} })),
    ],
    [
      "everything stands at least twice, with a disruption budget",
      "one pooler",
      () => pooler((spec) => Object.assign(spec, { instances: 1 })),
    ],
    [
      "everything is spread over zones",
      "instances that may share one",
      () => cluster((spec) => Object.assign(spec.affinity, { podAntiAffinityType: "preferred" })),
    ],
    [
      "a new version is taken by a Rollout of the API's Deployment, which is checked, and which the autoscaler scales",
      "no Rollout",
      () => resources.filter(({ inputs }) => inputs.kind !== "Rollout"),
    ],
    [
      "a new version is taken by a Rollout of the API's Deployment, which is checked, and which the autoscaler scales",
      "a Rollout without checks",
      () => resources.filter(({ inputs }) => inputs.kind !== "AnalysisTemplate"),
    ],
    [
      "commits are on two disks, and a replica without them is not promoted",
      "asynchronous replicas",
      () => cluster((spec) => Object.assign(spec.postgresql, { synchronous: undefined })),
    ],
    [
      "no secret stands in plain text",
      "a password in a Secret's inputs",
      () =>
        changed(/core\/v1:Secret$/, "database-api", (inputs) =>
          Object.assign(inputs, { stringData: { url: "plain" } }),
        ),
    ],
    [
      "the database's namespace denies what is not listed, and lists every port",
      "no default",
      () => resources.filter(({ name }) => name !== "deny-all-policy"),
    ],
    [
      "namespaces enforce restricted pods",
      "one without the label",
      () => changed(/Namespace$/, "database", ({ metadata }) => Object.assign(metadata as object, { labels: {} })),
    ],
    [
      "roles have no more than their purpose takes",
      "an API that writes",
      () => changed(/:Grant$/, "api-tables", (inputs) => Object.assign(inputs, { privileges: ["SELECT", "INSERT"] })),
    ],
    [
      "the newest backup is tried on a schedule, by pods that read no Secret and run nothing in others",
      "no CronJob",
      () => resources.filter(({ name, type }) => !(name === "drill" && type.endsWith(":CronJob"))),
    ],
    [
      "the newest backup is tried on a schedule, by pods that read no Secret and run nothing in others",
      "a drill that reads Secrets",
      () =>
        changed(/:Role$/, "drill", ({ rules }) =>
          (rules as object[]).push({ apiGroups: [""], resources: ["secrets"], verbs: ["get"] }),
        ),
    ],
    [
      "the newest backup is tried on a schedule, by pods that read no Secret and run nothing in others",
      "a drill that deletes any database",
      () =>
        changed(/:Role$/, "drill", ({ rules }) =>
          (rules as object[]).push({ apiGroups: ["postgresql.cnpg.io"], resources: ["clusters"], verbs: ["delete"] }),
        ),
    ],
    [
      "a changed Secret or ConfigMap is updated in place",
      "a provider that replaces them",
      () =>
        changed(/:kubernetes$/, "ratesapp-prod", (inputs) => Object.assign(inputs, { enableSecretMutable: "false" })),
    ],
    [
      "a changed Secret or ConfigMap is updated in place",
      "an object without a provider of the program",
      () => resources.map((it) => (it.name === "database-api" ? { ...it, provider: "" } : it)),
    ],
    [
      "what an operator would make again is deleted in the background",
      "a pooler in the foreground",
      () =>
        changed(/cnpg.*:Pooler$/, "pooler-ro", ({ metadata }) =>
          Object.assign(metadata as object, { annotations: {} }),
        ),
    ],
    [
      "what an operator would make again is deleted in the background",
      "a kind that is not known",
      () => changed(/:ObjectStore$/, "archive", (inputs) => Object.assign(inputs, { kind: "Database" })),
    ],
    [
      "the operator that promotes replicas stands twice, in two zones, and is replaced soon with what it needs",
      "one pod",
      () =>
        changed(/:ConfigGroup$/, "cloudnative-pg", (inputs) =>
          Object.assign(inputs, { yaml: String(inputs.yaml).replace("replicas: 2", "replicas: 1") }),
        ),
    ],
    [
      "the namespaces of operators that the stack installs are closed",
      "an open one",
      () => resources.filter(({ name }) => name !== "cnpg-system-policy"),
    ],
    [
      "API pods that do not write cannot reach an instance",
      "a rule for all pods of the release",
      () =>
        changed(/NetworkPolicy$/, "instances-policy", ({ spec }) => {
          const { ingress } = spec as { ingress: { from: { podSelector: object }[] }[] };
          for (const peer of ingress[0]?.from ?? []) peer.podSelector = {};
        }),
    ],
    [
      "clients can verify every server of the database",
      "a certificate without the pooler's name",
      () => cluster((spec) => Object.assign(spec.certificates, { serverAltDNSNames: [] })),
    ],
    [
      "an autoscaler has a source of metrics",
      "no metrics-server",
      () => resources.filter(({ type }) => !type.endsWith(":Addon")),
    ],
    [
      "the API server is not open to all, a role administers it, and the account is named",
      "an open one",
      () =>
        changed(/eks:index:Cluster$/, "ratesapp-prod", (it) => Object.assign(it, { publicAccessCidrs: ["0.0.0.0/0"] })),
    ],
    [
      "the API server is not open to all, a role administers it, and the account is named",
      "no role",
      () => changed(/eks:index:Cluster$/, "ratesapp-prod", (it) => Object.assign(it, { accessEntries: {} })),
    ],
    [
      "nodes have no public address",
      "a subnet that is public",
      () =>
        changed(/:Subnet$/, "ratesapp-prod-public-a", ({ tags }) =>
          Object.assign(tags as object, { "ratesapp/nodes": "ratesapp-prod" }),
        ),
    ],
    [
      "database nodes of two zones are never replaced at the same time",
      "lives of the same length",
      () =>
        changed(/:NodePool$/, "database-nodes-b", ({ spec }) =>
          Object.assign((spec as { template: { spec: object } }).template.spec, { expireAfter: "288h" }),
        ),
    ],
    [
      "database nodes of two zones are never replaced at the same time",
      "no hours",
      () =>
        changed(/:NodePool$/, "database-nodes-b", ({ spec }) =>
          Object.assign((spec as { disruption: object }).disruption, { budgets: [{ nodes: "1" }] }),
        ),
    ],
    [
      "an image that has a tag is never removed",
      "a rule for all",
      () =>
        changed(/:LifecyclePolicy$/, "ratesapp-prod", ({ policy }) =>
          Object.assign((policy as { rules: { selection: object }[] }).rules[0]?.selection ?? {}, { tagStatus: "any" }),
        ),
    ],
    [
      "backups are reached over TLS alone, and cannot be destroyed",
      "a lock that ends before old versions go",
      () =>
        changed(/:BucketObjectLockConfiguration$/, "ratesapp-prod-backups", ({ rule }) =>
          Object.assign((rule as { defaultRetention: object }).defaultRetention, { days: 1 }),
        ),
    ],
    [
      "a load balancer knows a pod before it counts as ready, and takes no old TLS",
      "a namespace without the label",
      () => changed(/Namespace$/, "workloads", ({ metadata }) => Object.assign(metadata as object, { labels: {} })),
    ],
    [
      "no alarm watches a part that EKS hides",
      "the scheduler",
      () =>
        changed(/:Chart$/, "prometheus", ({ values }) =>
          Object.assign(values as object, { kubeScheduler: { enabled: true } }),
        ),
    ],
    ["backups are taken and kept", "no schedule", () => resources.filter(({ name }) => name !== "backups")],
    [
      "what holds data is protected against deletion",
      "an unprotected bucket",
      () => resources.map((it) => (it.type.endsWith(":Bucket") ? { ...it, protect: false } : it)),
    ],
    [
      "the operators' definitions outlive the stack",
      "one that is deleted",
      () =>
        resources.map((it) => (it.type.endsWith(":CustomResourceDefinition") ? { ...it, retainOnDelete: false } : it)),
    ],
    [
      "a disk outlives its claim",
      "a class that deletes",
      () => changed(/StorageClass$/, "gp3", (inputs) => Object.assign(inputs, { reclaimPolicy: "Delete" })),
    ],
  ];
  const all = { ...stackPolicies, ...productionPolicies, ...awsPolicies };
  for (const [policy, what, offenders] of offences) {
    it(`"${policy}" finds ${what}`, () => expect(all[policy]?.(offenders())).to.not.deep.equal([]));
  }

  it("are all tried", () => {
    expect([...new Set(offences.map(([policy]) => policy))]).to.have.members(Object.keys(all));
  });
});

describe("Kubernetes on EKS", () => {
  const config = configOf("prod")["ratesapp:cluster"] as { eks: { version: string } };
  for (const version of new Set([config.eks.version, DEFAULT_VERSION])) {
    it(`${version} has standard support for 60 days more; then upgrade (docs/operations/upgrades.md)`, () => {
      expect(supportedDays(version)).to.be.above(60);
    });
  }

  it("counts the days of a version's standard support", () => {
    expect(supportedDays("1.34", new Date("2026-12-01"))).to.equal(1);
    expect(supportedDays("1.34", new Date("2026-12-03"))).to.equal(-1);
  });
});

describe("a stack", function () {
  this.timeout(60_000);

  it("keeps every secret setting out of plain inputs", async () => {
    const secret = "not-to-be-read";
    const config = {
      ...configOf("staging"),
      "ratesapp:backupCredentials": { accessKeyId: "id", secretAccessKey: secret },
      "ratesapp:feedCredentials": { daily: { AWS_SECRET_ACCESS_KEY: secret } },
      "ratesapp:writeTokens": { shipper: "a".repeat(64) },
      "ratesapp:database": {
        backups: {
          destination: "s3://backups/",
          endpoint: "http://store:7070",
          credentials: "secret",
          method: "in-tree",
        },
      },
    };
    const secretKeys = ["ratesapp:backupCredentials", "ratesapp:feedCredentials", "ratesapp:writeTokens"];
    const resources = await render("staging", config, secretKeys);
    const text = JSON.stringify(resources);
    expect(text).to.not.include(secret);
    expect(text).to.not.include("a".repeat(64));
    expect(stackPolicies["no secret stands in plain text"]?.(resources)).to.deep.equal([]);
    const names = resources.filter(({ type }) => type === "kubernetes:core/v1:Secret").map(({ name }) => name);
    expect(names).to.include.members(["archive", "feed-daily", "write-tokens"]);
  });

  it("sends alarms of each severity where its secret settings say, and holds their addresses in a Secret", async () => {
    const secret = "not-to-be-read";
    const config = {
      ...configOf("staging"),
      "ratesapp:alarmReceivers": { page: { pagerDutyRoutingKey: secret, webhookUrl: `https://${secret}/` } },
    };
    const resources = await render("staging", config, ["ratesapp:alarmReceivers"]);
    expect(JSON.stringify(resources)).to.not.include(secret);
    const [routes] = resources.filter(({ inputs }) => inputs.kind === "AlertmanagerConfig");
    if (!routes) expect.fail("there are no routes");
    const { metadata, spec } = routes.inputs as { metadata: object; spec: Routing & { route: { routes: object[] } } };
    expect(metadata).to.include({ namespace: "ratesapp-staging" });
    expect(spec.route.routes.map((route) => (route as { receiver: string }).receiver)).to.deep.equal([
      "page",
      "ticket",
    ]);
    expect(spec.receivers.map((receiver) => Object.keys(receiver))).to.deep.equal([
      ["name"],
      ["name", "pagerdutyConfigs", "webhookConfigs"],
      ["name"],
    ]);
    expect(spec.receivers[1]).to.have.nested.property("webhookConfigs[0].urlSecret").that.deep.equals({
      name: "ratesapp-alarm-receivers",
      key: "page.webhookUrl",
    });
  });

  it("sends no alarms by itself", async () => {
    const kinds = (await render("staging")).map(({ inputs }) => inputs.kind);
    expect(kinds).to.include("PrometheusRule");
    expect(kinds).to.not.include("AlertmanagerConfig");
  });

  it("of one line has everything that a sandbox needs", async () => {
    const resources = await render("try-out", {});
    const kinds = resources.map(({ type }) => type.split(":").at(-1));
    expect(kinds).to.include.members(["Cluster", "Pooler", "Chart", "Grant"]);
    expect(kinds).to.not.include.members(["ConfigGroup"]);
    expect(resources.filter(({ inputs }) => /^(Rollout|Analysis)/.test(String(inputs.kind)))).to.deep.equal([]);
    const [chart] = charts(resources);
    expect(chart?.values.image)
      .to.have.property("tag")
      .that.matches(/^[0-9]/);
  });

  it("that only differs in its name shares a cluster with another", async () => {
    const place = ({ inputs, retainOnDelete }: Rendered) => {
      // What a Feed is: all stacks have the same, which stays when one of them goes.
      if (retainOnDelete) return [];
      const { name, namespace } = (inputs.metadata ?? {}) as { name?: string; namespace?: string };
      return inputs.kind === undefined ? [] : [`${inputs.kind} ${namespace ?? ""}/${name}`];
    };
    const [one, other] = [(await render("one", {})).flatMap(place), (await render("other", {})).flatMap(place)];
    expect(one).to.have.lengthOf.above(5);
    expect(one.filter((object) => other.includes(object))).to.deep.equal([]);
  });
});
