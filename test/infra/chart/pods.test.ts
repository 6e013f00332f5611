import type { V1EnvVar } from "@kubernetes/client-node";
import { expect } from "chai";
import { HelmError, render, skipWithoutHelm, type Values } from "./helm.js";
import { containersOf, type PodTemplate, podsOf, present } from "./kubernetes-object.js";

const feeds = { sea: { schedule: "@daily", source: "s3://prices/", environment: { AWS_REGION: "eu-west-1" } } };
const release = {
  database: { owner: { secretName: "postgres" } },
  writeTokens: { secretName: "writers" },
  places: { claimName: "places" },
  feeds,
};

/** Pods by component. */
async function pods(values: Values): Promise<Record<string, PodTemplate>> {
  const all = podsOf(await render({ ...release, ...values }));
  return Object.fromEntries(all.map((pod) => [pod.labels["app.kubernetes.io/component"], pod]));
}

const messageOf = (values: Values) =>
  render({ ...release, ...values }).then(
    () => "nothing",
    (error: unknown) => {
      if (error instanceof HelmError) return error.message;
      throw error;
    },
  );

describe("pods of the chart", function () {
  this.timeout(30_000);
  before(skipWithoutHelm);

  it("all take what values say of pods", async () => {
    const tolerations = [{ key: "spot", operator: "Exists" }];
    const affinity = { podAntiAffinity: { preferredDuringSchedulingIgnoredDuringExecution: [] } };
    const pod = {
      labels: { team: "rates" },
      annotations: { "example.com/scan": "yes" },
      nodeSelector: { pool: "general" },
      tolerations,
      affinity,
      priorityClassName: "high",
      env: [{ name: "HTTPS_PROXY", value: "http://proxy:3128" }],
    };
    const all = await pods({ pod });
    expect(Object.keys(all)).to.have.members(["api", "operator", "migration", "places", "ingest", "compaction"]);
    for (const [component, it] of Object.entries(all)) {
      expect(it.labels, component).to.include({ team: "rates", "app.kubernetes.io/name": "ratesapp" });
      expect(it.annotations, component).to.include(pod.annotations);
      expect(it.spec, component).to.deep.include({
        nodeSelector: pod.nodeSelector,
        affinity,
        priorityClassName: "high",
      });
      expect(it.spec.tolerations, component).to.deep.include(tolerations[0]);
      for (const [container, { env }] of containersOf(it)) expect(env, container).to.deep.include(pod.env[0]);
    }
  });

  it("take what is said of their component over what is said of all, name by name", async () => {
    const { api, ingest, places } = await pods({
      pod: {
        labels: { team: "rates", tier: "back" },
        annotations: { mesh: "yes" },
        priorityClassName: "low",
        env: [
          { name: "FIRST", value: "1" },
          { name: "SECOND", value: "$(FIRST)" },
        ],
      },
      api: { pod: { labels: { tier: "front" }, priorityClassName: "high", env: [{ name: "SECOND", value: "2" }] } },
      migration: { pod: { annotations: { mesh: null }, labels: { tier: "once" } } },
      ingest: { pod: { env: [{ name: "AWS_REGION", value: "us-east-1" }] } },
    });
    expect(api?.labels).to.include({ team: "rates", tier: "front" });
    expect(api?.spec.priorityClassName).to.equal("high");
    expect(variablesOf(api, "SECOND")).to.deep.equal([{ name: "SECOND", value: "2" }]);
    expect(places?.labels).to.include({ tier: "once" });
    expect(places?.annotations).to.not.have.property("mesh");
    expect(ingest?.annotations).to.include({ mesh: "yes" });
    // A feed's own environment is nearer still.
    expect(variablesOf(ingest, "AWS_REGION")).to.deep.equal([{ name: "AWS_REGION", value: "eu-west-1" }]);
  });

  const all = {
    labels: { team: "rates" },
    annotations: { mesh: "yes" },
    nodeSelector: { pool: "general" },
    tolerations: [{ key: "spot", operator: "Exists" }],
    affinity: { podAntiAffinity: { preferredDuringSchedulingIgnoredDuringExecution: [] } },
    priorityClassName: "high",
    env: [{ name: "HTTPS_PROXY", value: "http://proxy:3128" }],
  };
  /** Names of what is said above that a pod has. */
  const taken = ({ labels, annotations, spec }: PodTemplate) =>
    Object.entries({
      labels: labels.team,
      annotations: annotations?.mesh,
      nodeSelector: spec.nodeSelector,
      tolerations: spec.tolerations?.find(({ key }) => key === "spot"),
      affinity: spec.affinity,
      priorityClassName: spec.priorityClassName,
      env: spec.containers[0]?.env?.find(({ name }) => name === "HTTPS_PROXY"),
    })
      .filter(([, value]) => value !== undefined)
      .map(([name]) => name);
  const without = (names: readonly string[]) => Object.keys(all).filter((name) => !names.includes(name));

  it("lose what is said of all where their component says null, and what is not merged where it says nothing in it", async () => {
    const nothing = Object.fromEntries(Object.keys(all).map((name) => [name, null]));
    const empty = { labels: {}, annotations: {}, nodeSelector: {}, tolerations: [], affinity: {}, env: [] };
    const { api, migration, ingest, compaction } = (await pods({
      pod: all,
      api: { pod: nothing },
      migration: { pod: { ...empty, priorityClassName: "" } },
      ingest: { pod: null },
      compaction: { pod: { affinity: null } },
    })) as Record<string, PodTemplate>;
    expect(taken(api as PodTemplate)).to.deep.equal([]);
    expect(taken(migration as PodTemplate)).to.deep.equal(without(["affinity", "priorityClassName"]));
    expect(taken(ingest as PodTemplate)).to.deep.equal(without([]));
    expect(taken(compaction as PodTemplate)).to.deep.equal(without(["affinity"]));
  });

  it("have no variable twice, which a server-side apply would refuse", async () => {
    const env = [
      { name: "A", value: "1" },
      { name: "A", value: "2" },
    ];
    for (const pod of Object.values(await pods({ pod: { env }, api: { pod: { env } }, ingest: { pod: { env } } })))
      for (const [container, { env: variables = [] }] of containersOf(pod)) {
        const names = variables.map(({ name }) => name);
        expect(names, container).to.deep.equal([...new Set(names)]);
      }
  });

  const own: [string, Values, string][] = [
    ["pod.env", { pod: { env: [{ name: "LOG_LEVEL", value: "trace" }] } }, "pod.env: LOG_LEVEL is the chart's own"],
    ["api.pod.env", { api: { pod: { env: [{ name: "PORT", value: "80" }] } } }, "api.pod.env: PORT is the chart's own"],
    [
      "the URL that API pods write with",
      { api: { pod: { env: [{ name: "DATABASE_URL", value: "postgres://a" }] } } },
      "api.pod.env: DATABASE_URL is the chart's own",
    ],
    [
      "a setting that has a key",
      { api: { settings: { cacheBytes: 0 }, pod: { env: [{ name: "CACHE_BYTES", value: "1" }] } } },
      "api.pod.env: CACHE_BYTES is the chart's own",
    ],
    [
      "a feed's environment",
      { feeds: { sea: { ...feeds.sea, environment: { DATABASE_URL: "/mine" } } } },
      "invalid propertyName 'DATABASE_URL'",
    ],
    [
      "a label that Services select by",
      { compaction: { pod: { labels: { "app.kubernetes.io/component": "api" } } } },
      "compaction.pod.labels, or pod.labels: app.kubernetes.io/component is the chart's own",
    ],
    [
      "a feed's label",
      { ingest: { pod: { labels: { "ratesapp/feed": "air" } } } },
      "ingest.pod.labels, or pod.labels: ratesapp/feed is the chart's own",
    ],
    [
      "the annotation that replaces pods",
      { pod: { annotations: { "ratesapp/database": "1" } } },
      "pod.annotations: ratesapp/database is the chart's own",
    ],
  ];
  for (const [what, values, message] of own)
    it(`do not let values undo what the chart sets: ${what}`, async () =>
      expect(await messageOf(values)).to.contain(message));

  it("refuse what Kubernetes would: a variable without a value, with two, an unknown taint effect, a bad label", async () => {
    const wrong = [
      { env: [{ name: "A" }] },
      { env: [{ name: "A", value: "1", valueFrom: { fieldRef: { fieldPath: "metadata.name" } } }] },
      { env: [{ name: "1A", value: "1" }] },
      { env: [{ name: "A", value: 1 }] },
      { tolerations: [{ key: "a", effect: "Never" }] },
      { labels: { "a b": "c" } },
      { labels: { a: "c d" } },
      { labels: { a: true } },
      { annotations: { a: 1 } },
      { affinity: { nodes: {} } },
      { hostNetwork: true },
    ];
    for (const pod of wrong)
      expect(await messageOf({ api: { pod } }), JSON.stringify(pod)).to.match(
        /at '\/api\/pod|propertyName '(a b|nodes)'/,
      );
  });

  it("have requests and limits name by name: null takes one away, a feed's go over those of all feeds", async () => {
    const { api, ingest } = await pods({
      api: { resources: { limits: { cpu: null } } },
      feeds: {
        sea: { ...feeds.sea, resources: { limits: { cpu: null, memory: "1Gi" }, requests: { memory: "512Mi" } } },
      },
    });
    expect(api?.spec.containers[0]?.resources).to.deep.equal({
      requests: { cpu: "250m", memory: "192Mi" },
      limits: { memory: "384Mi" },
    });
    expect(ingest?.spec.containers[0]?.resources).to.deep.equal({
      requests: { cpu: "50m", memory: "512Mi" },
      limits: { memory: "1Gi" },
    });
    expect(await messageOf({ api: { resources: { limits: null, requests: null } } })).to.contain(
      "api.resources.requests.cpu: api.autoscaling counts by it",
    );
  });

  it("take Secrets and classes by names that Kubernetes has", async () => {
    for (const secretName of ["a..b", "a.-b", "a.", "a".repeat(254)])
      expect(await messageOf({ writeTokens: { secretName } }), secretName).to.contain("at '/writeTokens/secretName'");
    expect(await messageOf({ writeTokens: { secretName: "a.b-c.d" } })).to.equal("nothing");
  });

  it("listen where values say, else where the program does by default", async () => {
    const hostOf = async (api: Values) => variablesOf((await pods({ api })).api, "HOST");
    expect(await hostOf({})).to.deep.equal([]);
    expect(await hostOf({ host: "::" })).to.deep.equal([{ name: "HOST", value: "::" }]);
    expect(await messageOf({ api: { host: "[::]" } })).to.contain("at '/api/host'");
    for (const host of [
      "127.0.0.1",
      "127.1.2.3",
      "::1",
      "0:0:0:0:0:0:0:1",
      "0000::0001",
      "::ffff:127.0.0.1",
      "localhost",
    ])
      expect(await messageOf({ api: { host } }), host).to.contain(`api.host: ${host} is the pod's own loopback`);
    for (const host of ["0.0.0.0", "::ffff:0.0.0.0", "fd00::1", "10.127.0.1", "1::1", "::11"])
      expect(await messageOf({ api: { host } }), host).to.equal("nothing");
  });
});

/** Each variable of this name in a pod's main container. */
function variablesOf(pod: PodTemplate | undefined, variable: string): V1EnvVar[] {
  return (present(pod).spec.containers[0]?.env ?? []).filter(({ name }) => name === variable);
}
