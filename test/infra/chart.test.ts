import { execFileSync } from "node:child_process";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { basename, dirname, join } from "node:path";
import type {
  V1ConfigMap,
  V1CronJob,
  V1Deployment,
  V1EnvVar,
  V1Job,
  V1NetworkPolicy,
  V1Secret,
  V1Service,
} from "@kubernetes/client-node";
import { expect } from "chai";
import { toJSONSchema } from "zod";
import { readFeeds } from "../../app/ingest/feeds.js";
import { environmentSchema, readSettings } from "../../app/settings.js";
import schema from "../../charts/ratesapp/values.schema.json" with { type: "json" };
import { AUTHORITIES_FILE } from "../../infra/access/authorities-file.js";
import { HelmError, lint, render, renderNotes, skipWithoutHelm, type Values } from "./chart/helm.js";
import { containersOf, type KubernetesObject, ofKind, podsOf, present } from "./chart/kubernetes-object.js";
import { mistypedFields } from "./chart/kubernetes-types.js";
import { policies } from "./chart/policies.js";
import { excused, releases } from "./chart/releases.js";

const secret = { owner: { secretName: "postgres" } };
const CA_ITEM = { key: "ca.crt", path: "ca.crt" };

describe("the chart", function () {
  this.timeout(30_000);

  before(skipWithoutHelm);

  for (const [release, values] of Object.entries(releases)) {
    describe(`for ${release}`, () => {
      let objects: KubernetesObject[];
      before(async () => {
        objects = await render(values);
      });

      for (const [name, policy] of Object.entries(policies)) {
        if (!excused[release]?.includes(name)) it(name, () => expect(policy(objects)).to.deep.equal([]));
      }

      it("sets variables that the program knows, to values that it takes", () => {
        for (const [container, { env = [] }] of podsOf(objects).flatMap(containersOf)) {
          const added = JSON.stringify([values.pod, values.migration, values.ingest, values.compaction, values.api]);
          const known = env.filter(({ name }) => !/^AWS_/.test(name) && !added.includes(`{"name":"${name}"`));
          expect(
            known.map(({ name }) => name).filter((name) => !(name in environmentSchema.shape)),
            container,
          ).to.deep.equal([]);
          readSettings(Object.fromEntries(known.map((it) => [it.name, it.value ?? "postgres://from/a-secret"])));
        }
      });

      it("has no field that Kubernetes does not know, and none of another type", async () => {
        const ours = objects.filter(
          ({ kind = "" }) => !["Feed", "HTTPRoute", "PodMonitor", "PrometheusRule"].includes(kind),
        );
        expect(await mistypedFields(ours)).to.deep.equal([]);
      });

      it("passes helm lint", async () => expect(await lint(values)).to.contain("0 chart(s) failed"));
    });
  }

  describe("database", () => {
    it("lets an access that is not set use the one above", async () => {
      expect(await urls({ database: secret })).to.deep.equal({
        "Deployment ratesapp-api": { DATABASE_READ_URL: "postgres/url" },
        "Deployment ratesapp-operator": { DATABASE_URL: "postgres/url" },
        "Job ratesapp-migration": { DATABASE_URL: "postgres/url" },
        "CronJob ratesapp-compaction": { DATABASE_URL: "postgres/url" },
      });
    });

    it("gives each pod the least it needs, and API pods the right to write only with tokens", async () => {
      expect(await urls(present(releases.production))).to.deep.equal({
        "Deployment ratesapp-api": { DATABASE_READ_URL: "rates-api/url", DATABASE_URL: "rates-ingest/url" },
        "Deployment ratesapp-operator": { DATABASE_URL: "rates-ingest/url" },
        "Job ratesapp-migration": { DATABASE_URL: "rates-owner/url" },
        "Job ratesapp-places": { DATABASE_URL: "rates-ingest/url" },
        // Production drops old months, which only the owner can.
        "CronJob ratesapp-compaction": { DATABASE_URL: "rates-owner/url" },
        "CronJob ratesapp-ingest-air": { DATABASE_URL: "rates-ingest/url" },
        "CronJob ratesapp-ingest-deliveries": { DATABASE_URL: "rates-ingest/url" },
        "CronJob ratesapp-ingest-sea-prices": { DATABASE_URL: "rates-ingest/url" },
      });
      const withoutTokens = await urls({ ...releases.production, writeTokens: { secretName: "" } });
      expect(withoutTokens["Deployment ratesapp-api"]).to.deep.equal({ DATABASE_READ_URL: "rates-api/url" });
      const keeping = await urls({ ...releases.production, compaction: { retentionDays: null } });
      expect(keeping["CronJob ratesapp-compaction"]).to.deep.equal({ DATABASE_URL: "rates-ingest/url" });
    });

    it("keeps URLs given as values in a Secret, and replaces pods when they change", async () => {
      const [before, after] = await Promise.all(
        ["postgres://o:first@db/rates", "postgres://o:second@db/rates"].map((url) =>
          render({ database: { owner: { url } } }),
        ),
      );
      const made = ofKind<V1Secret>(present(before), "Secret");
      expect(made.map(({ stringData }) => stringData)).to.deep.equal([{ "owner-url": "postgres://o:first@db/rates" }]);
      expect(apiPod(present(before))).not.to.deep.equal(apiPod(present(after)));
    });

    it("brings its certificate authorities to each container, where the URLs of a stack look for them", async () => {
      for (const [from, volume] of [
        [{ configMapName: "database-ca" }, { configMap: { name: "database-ca", items: [CA_ITEM] } }],
        [
          { secretName: "rates-ca", key: "bundle" },
          { secret: { secretName: "rates-ca", items: [{ ...CA_ITEM, key: "bundle" }] } },
        ],
      ] as const) {
        const objects = await render({ ...releases.production, database: { ...secret, ca: from } });
        expect(podsOf(objects)).to.have.lengthOf(8);
        for (const pod of podsOf(objects)) {
          expect(pod.spec.volumes, pod.owner).to.deep.include({ name: "database-ca", ...volume });
          for (const [container, { volumeMounts }] of containersOf(pod)) {
            // A file mounted by subPath would stay as it was when the pod started.
            const mount = { name: "database-ca", mountPath: dirname(AUTHORITIES_FILE), readOnly: true };
            expect(volumeMounts, container).to.deep.include(mount);
          }
        }
      }
      expect(basename(AUTHORITIES_FILE)).to.equal(CA_ITEM.path);
    });

    it("replaces pods when the revision of the Secrets changes", async () => {
      const [before, after] = await Promise.all(
        ["1", "2"].map((revision) => render({ database: { ...secret, revision } })),
      );
      expect(apiPod(present(before))).not.to.deep.equal(apiPod(present(after)));
    });
  });

  describe("migration", () => {
    const jobOf = async (values: Values) => present(ofKind<V1Job>(await render(values), "Job")[0]);

    it("is a new Job for a new image, and the same Job for everything that is not its own", async () => {
      const first = await jobOf({ database: secret, image: { tag: "1.0.0" } });
      const same = await jobOf({
        database: secret,
        image: { tag: "1.0.0" },
        api: { preStopSeconds: 1 },
        compaction: { retentionDays: 90 },
      });
      const next = await jobOf({ database: secret, image: { tag: "1.0.1" } });
      expect(same).to.deep.equal(first);
      expect(next.metadata?.name).not.to.equal(first.metadata?.name);
    });

    it("is a new Job wherever the cluster would refuse to change the old one", async () => {
      const first = await jobOf({ database: secret });
      const moved = await jobOf({ database: { owner: { secretName: "another" } } });
      expect(moved.metadata?.name).not.to.equal(first.metadata?.name);
    });

    it("is waited for by every pod that needs the schema, where that pod looks", async () => {
      for (const pod of podsOf(await render(present(releases.production)))) {
        // The operator looks after CronJobs while the database is away, too.
        if (/^(Job ratesapp-migration|Deployment ratesapp-operator)/.test(pod.owner)) continue;
        const [schema] = pod.spec.initContainers ?? [];
        expect(schema?.args, pod.owner).to.deep.equal(["migrate", "--wait"]);
        const [wanted] = (pod.spec.containers[0]?.env ?? []).filter(({ valueFrom }) => valueFrom);
        expect(schema?.env, pod.owner).to.deep.include(wanted);
      }
    });
  });

  describe("API", () => {
    it("is stopped only after it has served on, drained and closed its pools", async () => {
      const pod = apiPod(await render({ database: secret, api: { preStopSeconds: 60, drainSeconds: 30 } }));
      expect(variables(pod.containers[0]?.env)).to.include({ PRE_STOP_SECONDS: "60", DRAIN_SECONDS: "30" });
      expect(pod.terminationGracePeriodSeconds).to.equal(95);
    });

    it("has settings in the program's ranges, each of which becomes its variable", async () => {
      const objects = await render(present(releases.production));
      const environment = variables(apiPod(objects).containers[0]?.env);
      expect(environment).to.include({ CACHE_BYTES: "67108864", TRUSTED_PROXIES: "10.0.0.0/8,2001:db8::/32" });
      const settings: Record<string, object> = schema.properties.api.properties.settings.properties;
      const program = toJSONSchema(environmentSchema, { unrepresentable: "any" }).properties ?? {};
      for (const [name, range] of Object.entries(settings)) {
        const variable = name.replace(/[A-Z]/g, "_$&").toUpperCase();
        expect(environment).to.have.property(variable);
        if (!("minimum" in range && "maximum" in range)) continue;
        expect(program[variable], name).to.include({ minimum: range.minimum, maximum: range.maximum });
      }
    });

    it("shows its admin port to the monitoring namespace alone, and the Service not at all", async () => {
      const objects = await render({ database: secret });
      const policy = present(
        ofKind<V1NetworkPolicy>(objects, "NetworkPolicy").find(({ metadata }) => metadata?.name === "ratesapp-api"),
      );
      expect(policy.spec?.ingress).to.deep.equal([
        { ports: [{ port: 3000, protocol: "TCP" }] },
        {
          ports: [{ port: 9464, protocol: "TCP" }],
          from: [{ namespaceSelector: { matchLabels: { "kubernetes.io/metadata.name": "monitoring" } } }],
        },
      ]);
      const [service] = ofKind<KubernetesObject & { spec: { ports: unknown[] } }>(objects, "Service");
      expect(service?.spec.ports).to.have.length(1);
    });
  });

  it("has a Service of the cluster's address families, or of those that values name", async () => {
    const specOf = async (service: Values) =>
      ofKind<V1Service>(await render({ database: secret, api: { service } }), "Service")[0]?.spec;
    expect(await specOf({})).to.not.have.any.keys("ipFamilies", "ipFamilyPolicy");
    const dualStack = { ipFamilyPolicy: "PreferDualStack", ipFamilies: ["IPv6", "IPv4"] };
    expect(await specOf(dualStack)).to.deep.include(dualStack);
  });

  describe("feeds", () => {
    const feed = { schedule: "@daily", source: "https://prices.example/today.csv" };
    const cronJobOf = async (given: Values) =>
      present(
        ofKind<V1CronJob>(await render({ database: secret, feeds: { sea: { ...feed, ...given } } }), "CronJob").find(
          ({ metadata }) => metadata?.name === "ratesapp-ingest-sea",
        ),
      );

    it("run as many equal workers as they say, of which each must end well", async () => {
      const job = (await cronJobOf({ parallelism: 5, backoffLimit: 0 })).spec?.jobTemplate.spec;
      expect(job).to.include({ parallelism: 5, completions: 5, activeDeadlineSeconds: 3600, backoffLimit: 0 });
    });

    it("are told of their deliveries word for word, by name, so that a pod made by hand can load them as well", async () => {
      const source = "https://a/b?c=d&e='f <g>'#%20";
      const sea = { ...feed, source, mode: "replace", maxBadRows: 1e6, rejectsClaimName: "rejects" };
      const objects = await render({ database: secret, feeds: { sea, air: feed } });
      const files = ofKind<V1ConfigMap>(objects, "ConfigMap").find(({ data }) => data?.["feeds.json"]);
      const folder = await mkdtemp(join(tmpdir(), "ratesapp-feeds-"));
      await writeFile(join(folder, "feeds.json"), present(files?.data?.["feeds.json"]));
      const feeds = await readFeeds(join(folder, "feeds.json")).finally(() => rm(folder, { recursive: true }));
      expect(Object.fromEntries(feeds)).to.deep.equal({
        air: { source: feed.source, mode: "append", maxBadRows: 0, deadlineSeconds: 3600 },
        sea: { source, mode: "replace", maxBadRows: 1_000_000, deadlineSeconds: 3600, rejects: "/rejects" },
      });
      const pod = present((await cronJobOf(sea)).spec?.jobTemplate.spec?.template.spec);
      const [, , ...args] = pod.containers[0]?.args ?? [];
      const said = ["--feed", "sea", "--source", source, "--mode", "replace", "--max-bad-rows", "1000000"];
      expect(args).to.deep.equal([...said, "--deadline", "3600", "--rejects", "/rejects"]);
    });

    it("reach the port of their source, never the node's metadata service", async () => {
      const portOf = async (source: string, environment: Values = {}) => {
        const volume = source.startsWith("/") ? { claimName: "deliveries", mountPath: "/deliveries" } : null;
        const objects = await render({ database: secret, feeds: { sea: { ...feed, source, environment, volume } } });
        const policy = ofKind<V1NetworkPolicy>(objects, "NetworkPolicy").find(
          ({ metadata }) => metadata?.name === "ratesapp-ingest-sea",
        );
        const rule = policy?.spec?.egress?.[0];
        if (rule) expect(rule.to?.[1]?.ipBlock?.except).to.deep.equal(["169.254.0.0/16"]);
        return rule?.ports?.[0]?.port;
      };
      expect(await portOf("https://prices.example/x")).to.equal(443);
      expect(await portOf("http://prices.example/x")).to.equal(80);
      expect(await portOf("http://prices.example:8080/x:90")).to.equal(8080);
      expect(await portOf("http://[2001:db8::1]:8081/")).to.equal(8081);
      expect(await portOf("s3://bucket/prefix")).to.equal(443);
      expect(await portOf("s3://bucket/prefix", { AWS_ENDPOINT_URL: "http://minio:9000" })).to.equal(9000);
      expect(await portOf("/deliveries")).to.equal(undefined);
    });

    it("reach addresses of the cluster's families alone", async () => {
      const blocks = async (addressFamilies: string[]) => {
        const objects = await render({
          database: secret,
          feeds: { sea: { ...feed, source: "s3://bucket/prefix" } },
          networkPolicy: { addressFamilies },
        });
        const policy = ofKind<V1NetworkPolicy>(objects, "NetworkPolicy").find(
          ({ metadata }) => metadata?.name === "ratesapp-ingest-sea",
        );
        const peers = policy?.spec?.egress?.flatMap(({ to }) => to ?? []) ?? [];
        return peers.flatMap(({ ipBlock }) => ipBlock?.cidr ?? []);
      };
      const ipv4 = ["0.0.0.0/0", "169.254.170.23/32"];
      const ipv6 = ["::/0", "fd00:ec2::23/128"];
      expect(await blocks(["ipv4"])).to.deep.equal(ipv4);
      expect(await blocks(["ipv6"])).to.deep.equal(ipv6);
      expect(await blocks(["ipv4", "ipv6"])).to.have.members([...ipv4, ...ipv6]);
    });

    it("look up names where the cluster answers, on its ports", async () => {
      const to = [{ namespaceSelector: { matchLabels: { "kubernetes.io/metadata.name": "openshift-dns" } } }];
      const objects = await render({ database: secret, networkPolicy: { dns: { to, ports: [5353] } } });
      const policy = ofKind<V1NetworkPolicy>(objects, "NetworkPolicy").find(
        ({ metadata }) => metadata?.name === "ratesapp-database",
      );
      expect(policy?.spec?.egress?.[0]).to.deep.equal({
        ports: [
          { port: 5353, protocol: "UDP" },
          { port: 5353, protocol: "TCP" },
        ],
        to,
      });
    });

    it("reach what they are told to instead", async () => {
      const egress = [
        { to: [{ podSelector: { matchLabels: { app: "minio" } } }], ports: [{ port: 9000, protocol: "TCP" }] },
      ];
      const objects = await render({ database: secret, feeds: { sea: { ...feed, egress } } });
      const policy = ofKind<V1NetworkPolicy>(objects, "NetworkPolicy").find(
        ({ metadata }) => metadata?.name === "ratesapp-ingest-sea",
      );
      expect(policy?.spec?.egress).to.deep.equal(egress);
    });
  });

  describe("refuses, naming the key,", () => {
    const refused: [string, Values, string][] = [
      ["no database", {}, "database: no access is set"],
      [
        "certificate authorities from two places",
        { database: { ...secret, ca: { configMapName: "a", secretName: "b" } } },
        "database.ca: configMapName and secretName are both set; keep one",
      ],
      [
        "two sources of one URL",
        { database: { owner: { secretName: "a", url: "postgres://a" } } },
        "database.owner: secretName and url",
      ],
      [
        "a migration without an owner",
        { database: { api: { secretName: "a" } } },
        "database.owner: needed by the migration",
      ],
      [
        "feeds without a database to write to",
        { database: { api: { secretName: "a" } }, feeds: { a: { schedule: "@daily", source: "s3://x" } } },
        "database.ingest: needed by feeds",
      ],
      ["a URL of another database", { database: { owner: { url: "mysql://a" } } }, "/database/owner/url"],
      ["latest", { database: secret, image: { tag: "latest" } }, "image.tag: latest"],
      ["a digest that is none", { database: secret, image: { digest: "sha256:12" } }, "/image/digest"],
      [
        "fewer pods at most than at least",
        { database: secret, api: { autoscaling: { minReplicas: 5, maxReplicas: 4 } } },
        "api.autoscaling.minReplicas: 5",
      ],
      ["no pods", { database: secret, api: { autoscaling: { minReplicas: 0 } } }, "/api/autoscaling/minReplicas"],
      ["an unknown key", { database: secret, api: { replica: 3 } }, "at '/api'"],
      ["an unknown setting", { database: secret, api: { settings: { poolSize: 3 } } }, "at '/api/settings'"],
      [
        "a limit of what is none",
        { database: secret, api: { resources: { limits: { gpu: "1" } } } },
        "/api/resources/limits",
      ],
      [
        "a quantity that is none",
        { database: secret, api: { resources: { limits: { memory: "1 GB" } } } },
        "/api/resources/limits/memory",
      ],
      ["a feed without a schedule", { database: secret, feeds: { sea: { source: "s3://x" } } }, "/feeds/sea"],
      [
        "a feed with a bad schedule",
        { database: secret, feeds: { sea: { source: "s3://x", schedule: "often" } } },
        "feeds.sea.schedule: must have five cron fields",
      ],
      [
        "a feed with a bad name",
        { database: secret, feeds: { Sea_Prices: { source: "s3://x", schedule: "@daily" } } },
        "Sea_Prices",
      ],
      [
        "a feed that loses lines",
        {
          database: secret,
          feeds: {
            sea: { source: "/mnt", schedule: "@daily", maxBadRows: 9, volume: { claimName: "in", mountPath: "/mnt" } },
          },
        },
        "feeds.sea.rejectsClaimName",
      ],
      [
        "a feed whose claim would take the place of the program",
        {
          database: secret,
          feeds: { sea: { source: "/app/", schedule: "@daily", volume: { claimName: "in", mountPath: "/app" } } },
        },
        "/feeds/sea/volume/mountPath",
      ],
      [
        "a feed with a password in its address",
        { database: secret, feeds: { sea: { source: "https://me:secret@a.example/", schedule: "@daily" } } },
        "feeds.sea.source: has a user or password",
      ],
      [
        "a feed with a variable that loads code",
        {
          database: secret,
          feeds: { sea: { source: "s3://x", schedule: "@daily", environment: { NODE_OPTIONS: "" } } },
        },
        "NODE_OPTIONS",
      ],
      [
        "a feed with the Secret of the release's database",
        {
          database: { owner: { secretName: "rates-owner" } },
          feeds: { sea: { source: "s3://x", schedule: "@daily", credentialsSecretName: "rates-owner" } },
        },
        "feeds.sea.credentialsSecretName: rates-owner is the release's own",
      ],
      [
        "a feed with an unknown mode",
        { database: secret, feeds: { sea: { source: "s3://x", schedule: "@daily", mode: "upsert" } } },
        "/feeds/sea/mode",
      ],
      [
        "dropping what can be retracted",
        { database: secret, compaction: { retentionDays: 7 } },
        "compaction.retentionDays: 7",
      ],
      ["a route without a gateway", { database: secret, httpRoute: { enabled: true } }, "httpRoute.parentRefs"],
    ];
    for (const [what, values, key] of refused) {
      it(what, async () => {
        const error = await render(values).then(
          () => undefined,
          (thrown: unknown) => thrown,
        );
        expect(error).to.be.instanceOf(HelmError);
        expect((error as HelmError).message).to.contain(key);
      });
    }
  });

  it("has its values in its README", () => {
    execFileSync(process.execPath, ["build/chart-readme.mjs", "--check"], { stdio: "pipe" });
  });

  it("tells what to do next, and never a password", async () => {
    const notes = await renderNotes({
      database: { owner: { url: "postgres://owner:a-password@postgres/rates" } },
      feeds: { sea: { schedule: "@daily", source: "https://prices.example/" } },
    });
    expect(notes).to.contain("port-forward svc/ratesapp 3000:80");
    expect(notes).to.contain('annotate feed sea feeds.ratesapp.dev/run-at="$(date)"');
    expect(notes).to.contain("The API connects as the owner");
    expect(notes).not.to.contain("a-password");
  });
});

function apiPod(objects: readonly KubernetesObject[]) {
  const deployment = present(ofKind<V1Deployment>(objects, "Deployment")[0]);
  const template = present(deployment.spec?.template);
  return { ...present(template.spec), annotations: template.metadata?.annotations };
}

function variables(env: readonly V1EnvVar[] = []): Record<string, string | undefined> {
  return Object.fromEntries(env.map(({ name, value }) => [name, value]));
}

/** Which key of which Secret each pod's main container reads, by owner (a Job without its hash) and variable. */
async function urls(values: Values): Promise<Record<string, Record<string, string>>> {
  return Object.fromEntries(
    podsOf(await render(values)).map(({ owner, spec }) => [
      owner.replace(/^(Job .*)-[0-9a-f]{10}$/, "$1"),
      Object.fromEntries(
        (spec.containers[0]?.env ?? []).flatMap(({ name, valueFrom }) =>
          valueFrom?.secretKeyRef ? [[name, `${valueFrom.secretKeyRef.name}/${valueFrom.secretKeyRef.key}`]] : [],
        ),
      ),
    ]),
  );
}
