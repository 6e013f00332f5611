import { expect } from "chai";
import { WRITE_CONNECTIONS } from "../../app/api/batches/write-pool.js";
import { CONNECTIONS as INGEST_CONNECTIONS } from "../../app/commands/run-ingest.js";
import { readSettings } from "../../app/settings.js";
import schema from "../../charts/ratesapp/values.schema.json" with { type: "json" };
import { processConnections } from "../../infra/settings/connections.js";
import { feed } from "../../infra/settings/feed.js";
import { rawSettings, readStackSettings } from "../../infra/settings/read-settings.js";
import { StackSettingsError } from "../../infra/settings/settings-error.js";
import { configOf } from "./render.js";

const IMAGE = "ghcr.io/ratesapp/ratesapp:0.1.0";
const read = (raw: Record<string, unknown>) => readStackSettings("here", raw, IMAGE);

/** Each mistake as `key: reason`. */
function mistakes(raw: Record<string, unknown>): string[] {
  try {
    read(raw);
  } catch (error) {
    if (error instanceof StackSettingsError) return error.mistakes.map(([key, reason]) => `${key}: ${reason}`);
    throw error;
  }
  return [];
}

const staging = { environment: "staging", cluster: { context: "here" } };
const eks = {
  region: "eu-west-1",
  accountId: "123456789012",
  publicAccessCidrs: ["203.0.113.0/24"],
  adminRoleArns: ["arn:aws:iam::123456789012:role/admins"],
};
const prod = { environment: "prod", cluster: { eks }, database: { backups: {} } };

describe("settings of a stack", () => {
  it("need nothing for a sandbox", () => {
    const settings = read({});
    expect(settings.environment).to.equal("sandbox");
    expect(settings.image).to.deep.equal({ repository: "ghcr.io/ratesapp/ratesapp", tag: "0.1.0" });
    expect(settings.database.instances).to.equal(1);
    expect(settings.protect).to.equal(false);
    expect(settings.platform.cloudnativePg).to.equal("present");
  });

  it("lie over what their environment starts from, key by key", () => {
    const { database } = read({ ...staging, database: { pooler: { connections: 7 }, storage: "30Gi" } });
    expect(database.pooler).to.deep.equal({ instances: 2, connections: 7, clients: 1000 });
    expect(database).to.include({ instances: 3, storage: "30Gi", walStorage: "5Gi" });
  });

  it("say what consumers are promised, within what an alarm can tell", () => {
    expect(read({}).alarms).to.include({ availability: 0.99, latencySeconds: 0.25, feedStaleSeconds: 21_600 });
    expect(read(prod).alarms.availability).to.equal(0.999);
    expect(mistakes({ alarms: { availability: 0.9, latencyShare: 1, latencySeconds: 1 } })).to.deep.equal([
      "alarms.availability: must be from 0.95 to 0.99999",
      "alarms.latencyShare: must be from 0.95 to 0.99999",
      "alarms.latencySeconds: must be 0.025, 0.05, 0.1, 0.25, 0.5 or 2.5",
    ]);
    expect(mistakes({ alarms: { runbooks: "https://wiki.example/runbooks/" } })).to.deep.equal([
      "alarms.runbooks: must not end in /",
    ]);
  });

  it("send alarms only where there is a Prometheus", () => {
    const alarmReceivers = { page: { slackUrl: "https://hooks.example/1" } };
    expect(mistakes({ alarmReceivers })).to.deep.equal([
      "alarmReceivers: need platform.prometheus, which raises the alarms",
    ]);
    expect(mistakes({ alarmReceivers, platform: { prometheus: "present" } })).to.deep.equal([]);
  });

  it("take a number for a quantity, as YAML makes one of 2", () => {
    expect(read({ database: { cpu: 2, memory: 2 ** 30 } }).database).to.include({ cpu: "2", memory: "1073741824" });
  });

  it("keep the digest of an image of Postgres, and the zeros of an account", () => {
    const image = `ghcr.io/cloudnative-pg/postgresql:17.10-standard-trixie@sha256:${"0a".repeat(32)}`;
    expect(read({ database: { image } }).database.image).to.equal(image);
    expect(read({ cluster: { eks: { ...eks, accountId: 12 } } }).cluster.eks?.accountId).to.equal("000000000012");
  });

  for (const stack of ["staging", "prod"]) {
    it(`of ${stack}, as committed, are right`, () => {
      const raw = rawSettings(
        Object.fromEntries(Object.entries(configOf(stack)).map(([key, value]) => [key, JSON.stringify(value)])),
      );
      expect(readStackSettings(stack, raw, IMAGE).environment).to.equal(stack);
    });
  }

  it("that say nothing of connections have enough of them for write routes", () => {
    for (const raw of [{}, staging, prod]) expect(mistakes({ ...raw, writeTokens: {} })).to.deep.equal([]);
  });

  it("count the connections that the program opens", () => {
    expect(processConnections).to.deep.equal({
      readPool: readSettings({}).databasePoolSize,
      poll: 1,
      writePool: WRITE_CONNECTIONS,
      ingest: INGEST_CONNECTIONS,
    });
  });

  it("are read from what Pulumi holds, JSON or not, and those of other programs are not", () => {
    const all = {
      "ratesapp:image": "a/b:1",
      "ratesapp:protect": "true",
      "aws:region": "x",
      "ratesapp:cluster": '{"context":"c"}',
    };
    expect(rawSettings(all)).to.deep.equal({ image: "a/b:1", protect: true, cluster: { context: "c" } });
  });

  const wrong: Record<string, readonly [raw: Record<string, unknown>, ...expected: string[]]> = {
    "an unknown key": [{ databse: {} }, "databse: there is no such setting"],
    "an unknown key inside": [{ database: { size: 1 } }, "database.size: there is no such setting"],
    "an environment": [{ environment: "test" }, "environment: must be sandbox, staging or prod"],
    "a number out of range": [
      { database: { instances: 10 } },
      "database.instances: must be a whole number from 1 to 9",
    ],
    "a fraction": [{ api: { minReplicas: 1.5 } }, "api.minReplicas: must be a whole number from 1 to 1000"],
    "a text for a number": [{ api: { maxReplicas: "many" } }, "api.maxReplicas: must be a whole number from 1 to 1000"],
    "a quantity": [
      { database: { memory: "2 GB", cpu: "fast" } },
      'database.cpu: must be a number of cores such as "500m" or "2"',
      'database.memory: must be a number of bytes such as "512Mi" or "20Gi"',
    ],
    "requests beyond their limits": [
      { api: { resources: { requests: { cpu: 3, memory: "1Gi" } } } },
      "api.resources.requests.cpu: is more than limits.cpu",
      "api.resources.requests.memory: is more than limits.memory",
    ],
    "a missing quantity": [
      {
        feeds: {
          sea: { schedule: "@hourly", source: "s3://a/", resources: { requests: {}, limits: { cpu: 1, memory: 1e9 } } },
        },
      },
      "feeds.sea.resources.requests.cpu: is missing",
      "feeds.sea.resources.requests.memory: is missing",
    ],
    "another major version of Postgres": [
      { database: { image: "ghcr.io/cloudnative-pg/postgresql:16-standard-trixie" } },
      "database.image: must be an image of Postgres 17 by its tag, such as ghcr.io/cloudnative-pg/postgresql:17.10-standard-trixie",
    ],
    "a version of Kubernetes whose end of support is not known": [
      { cluster: { eks: { ...eks, version: "1.99" } } },
      "cluster.eks.version: must be 1.34 or 1.35; another one needs a line in infra/cluster/eks-versions.ts",
    ],
    "an AWS account": [
      { cluster: { eks: { ...eks, accountId: "1234" } } },
      "cluster.eks.accountId: must be the 12 digits of an AWS account",
    ],
    "peers of a network": [
      { api: { from: ["10.0.0.0/8"] } },
      "api.from.0: must be a peer with a namespaceSelector, a podSelector or an ipBlock",
    ],
    "the checksum of a manifest": [
      { platform: { cloudnativePg: { manifest: "cnpg.yaml", sha256: "1234" } } },
      "platform.cloudnativePg.sha256: must be a SHA-256 in hex",
    ],
    "too little memory": [{ database: { memory: "100Mi" } }, "database.memory: must be at least 512Mi"],
    "the image's version": [{ image: "ratesapp:latest" }, "image: latest is no version; name one, or a digest"],
    "an image without a version": [{ image: "ghcr.io/ratesapp/ratesapp" }, "image: needs a tag or a digest"],
    "an operator": [
      { platform: { cloudnativePg: "absent" } },
      "platform.cloudnativePg: must be present, install, or {manifest: a path or URL}",
    ],
    ...Object.fromEntries(
      ["a..b", "a.-b", "a-.b", ".a", "a.", "A", "a_b", "a\n", "a".repeat(254)].map((storageClass) => [
        `a name that Kubernetes would refuse: ${JSON.stringify(storageClass).slice(0, 20)}`,
        [
          { database: { storageClass } },
          "database.storageClass: must be a Kubernetes name: lower-case letters, digits, dashes and single dots between them, 253 at most",
        ] as const,
      ]),
    ),
    ...Object.fromEntries(
      ["a.b", "a".repeat(64), "-a"].map((namespace) => [
        `a namespace that Kubernetes would refuse: ${namespace.slice(0, 20)}`,
        [
          { platform: { cloudnativePg: "present", cloudnativePgNamespace: namespace } },
          "platform.cloudnativePgNamespace: must be a Kubernetes namespace: lower-case letters, digits and dashes between them, 63 at most",
        ] as const,
      ]),
    ),
    "a claim's name with two dots in a row": [
      { feeds: { sea: { schedule: "@daily", source: "s3://a/", rejectsClaimName: "a..b" } } },
      "feeds.sea.rejectsClaimName: must be a Kubernetes name",
    ],
    "a schedule that Kubernetes would refuse": [
      { feeds: { sea: { schedule: "61 * * * *", source: "s3://a/" } } },
      'feeds.sea.schedule: "61" is no minute: 0-59, in lists, ranges upwards (1-5) and steps (*/2)',
    ],
    "a source that no worker can read": [
      { feeds: { sea: { schedule: "*/15 6-18 * * 1,2", source: "ftp://x/y" } } },
      "feeds.sea.source: must be http(s)://…, s3://… or an absolute path",
    ],
    "a missing part of a feed": [{ feeds: { sea: { schedule: "@hourly" } } }, "feeds.sea.source: is missing"],
    "a feed's name": [
      { feeds: { Sea: { schedule: "@hourly", source: "s3://a/" } } },
      "feeds.Sea: must be up to 24 lower-case letters, digits and dashes, begin with a letter and end with a letter or digit",
    ],
    "a schedule": [
      { feeds: { sea: { schedule: "hourly", source: "s3://a/" } } },
      "feeds.sea.schedule: must have five cron fields, or be @hourly, @daily, @weekly, @monthly, @yearly or @every 90m",
    ],
    "a time zone": [
      { feeds: { sea: { schedule: "@hourly", source: "s3://a/", timeZone: "Local" } } },
      "feeds.sea.timeZone: must be a time zone such as Europe/Paris or Etc/UTC",
    ],
    "a schedule of backups": [
      { database: { backups: { schedule: "0 0 2 * * 7" } } },
      'database.backups.schedule: "7" is no day of the week: 0-6 or SUN-SAT, in lists, ranges upwards (1-5) and steps (*/2)',
    ],
    "the VPC's range": [
      { cluster: { eks: { region: "eu-west-1", vpcCidr: "10.0.0.0/8" } } },
      "cluster.eks.vpcCidr: must be a /16 to /20",
    ],
    "the name of a database": [
      { database: { clusters: { Old: "empty" }, serving: "ratesapp" } },
      "database.clusters.Old: must be ratesapp, or restored- and up to 31 lower-case letters, digits and dashes between them",
    ],
    "how a database began": [
      { database: { clusters: { ratesapp: "full" } } },
      "database.clusters.ratesapp: must be empty, empty-beside-archive, or {server, to or backup}",
    ],
    "several at once": [
      { protect: "yes", api: { cpuPercent: 0 } },
      "protect: must be true or false",
      "api.cpuPercent: must be a whole number from 1 to 1000",
    ],
  };
  for (const [what, [raw, ...expected]] of Object.entries(wrong)) {
    it(`name the key of ${what}`, () => expect(mistakes(raw)).to.have.members(expected));
  }

  const impossible: Record<string, readonly [raw: Record<string, unknown>, ...expected: RegExp[]]> = {
    "two clusters": [{ cluster: { context: "a", eks: { region: "eu-west-1" } } }, /^cluster: context and eks/],
    "addresses that the program's EKS has not": [
      { ...prod, cluster: { eks, addressFamilies: ["ipv4", "ipv6"] } },
      /^cluster.addressFamilies: is ipv4 on EKS/,
    ],
    "a production of whatever account, open to whatever address": [
      { ...prod, cluster: { eks: { region: "eu-west-1", publicAccessCidrs: ["0.0.0.0/0"] } } },
      /^cluster.eks.accountId: is missing/,
      /^cluster.eks.publicAccessCidrs: opens the API server of prod to every address$/,
      /^cluster.eks.adminRoleArns: is empty/,
    ],
    "a production that does not say from where it is administered": [
      { ...prod, cluster: { eks: { ...eks, publicAccessCidrs: undefined } } },
      /^cluster.eks.publicAccessCidrs: is missing/,
    ],
    "staging on whatever cluster": [{ environment: "staging" }, /^cluster: staging needs a context or eks/],
    "production without backups": [{ ...prod, database: {} }, /^database.backups: prod needs backups/],
    "two instances in staging": [
      { ...staging, database: { instances: 2 } },
      /^database.instances: 2 cannot lose a zone/,
    ],
    "four instances in three zones": [{ ...staging, database: { instances: 4 } }, /^database.instances: 4 do not fit/],
    "more connections than an instance takes": [
      {
        database: { maxConnections: 90, pooler: { instances: 2, connections: 10 } },
        api: { settings: { databasePoolSize: 7 } },
        feeds: {
          sea: { schedule: "@hourly", source: "s3://a/", parallelism: 2 },
          air: { schedule: "@hourly", source: "s3://b/" },
        },
        places: "by-hand",
        writeTokens: {},
      },
      /^database.maxConnections: 90 is less than the 170 that may be open at once: 40 of poolers \(2 roles, 2 pods, 10 each\), 85 of 5 API pods with write routes \(17 each\), 24 of ingest \(3 pods of all feeds, 8 each\), 21 of upkeep, the operators and you$/,
    ],
    "more clients than the poolers take": [
      { ...staging, database: { pooler: { clients: 50 } } },
      /^database.pooler.clients: 50 in 1 of the 2 poolers are less than the 54 of 9 API pods \(6 each\)$/,
    ],
    "more sessions than fit into the memory": [
      { database: { memory: "512Mi" } },
      /^database.maxConnections: 128 sessions take more than half of 512Mi; 64 is the most/,
    ],
    "a lone API pod in staging": [{ ...staging, api: { minReplicas: 1 } }, /^api.minReplicas: 1 has no second pod/],
    "more pods at least than at most": [
      { api: { minReplicas: 4 } },
      /^api.minReplicas: 4 is more than api.maxReplicas, 3/,
    ],
    "a Rollout without what runs and checks it": [
      { ...staging, platform: { argoRollouts: "absent", prometheus: "absent" } },
      /^delivery.strategy: canary is done by Argo Rollouts; set platform.argoRollouts, or deliver rolling$/,
      /^delivery.strategy: canary is checked by Prometheus; set platform.prometheus, or deliver rolling$/,
    ],
    "more clients than the poolers take while all pods are there twice": [
      { ...staging, delivery: { strategy: "blueGreen" }, database: { pooler: { clients: 60 } } },
      /^database.pooler.clients: 60 in 1 of the 2 poolers are less than the 72 of 12 API pods \(6 each\)$/,
    ],
    "backups to nowhere": [
      { database: { backups: { method: "in-tree" } } },
      /^database.backups.destination: is needed/,
    ],
    "pods without a database": [
      { database: { serving: "restored-a" } },
      /^database.serving: restored-a is none of database.clusters: ratesapp$/,
    ],
    "a database from an archive that there is not": [
      { database: { clusters: { ratesapp: { server: "ratesapp-prod-0badcafe" } } } },
      /^database.clusters.ratesapp: comes from an archive, which needs database.backups/,
    ],
    "two moments of one database": [
      {
        ...prod,
        database: {
          backups: {},
          clusters: { ratesapp: { server: "a", to: "2026-11-27T10:15:00Z", backup: "20261127T020000" } },
        },
      },
      /^database.clusters.ratesapp: to and backup are both set/,
    ],
    "a second bucket on EKS": [
      { ...prod, database: { backups: { destination: "s3://mine/" } } },
      /^database.backups.destination: is made by the program/,
    ],
    "a plugin that is absent": [
      { database: { backups: { destination: "s3://mine/" } } },
      /^database.backups.method: plugin needs platform.barmanPlugin/,
    ],
    "a plugin without certificates": [{ platform: { barmanPlugin: "install" } }, /^platform.certManager: is absent/],
    "an operator in a namespace that its release does not know": [
      { ...staging, platform: { cloudnativePgNamespace: "operators" } },
      /^platform.cloudnativePgNamespace: is cnpg-system where/,
    ],
    "keys that are not given": [
      { database: { backups: { destination: "s3://mine/", method: "in-tree", credentials: "secret" } } },
      /^backupCredentials: is needed/,
    ],
    "an identity at an endpoint of one's own": [
      { database: { backups: { destination: "s3://mine/", method: "in-tree", endpoint: "http://store:9000" } } },
      /^database.backups.credentials: identity is for AWS/,
    ],
    "prices of ports that are unknown": [
      { feeds: { sea: { schedule: "@hourly", source: "s3://a/" } } },
      /^places: is missing, and a price of an unknown port is a bad line/,
    ],
    "credentials of no feed": [{ feedCredentials: { air: {} } }, /^feedCredentials.air: there is no such feed/],
  };
  for (const [what, [raw, ...expected]] of Object.entries(impossible)) {
    it(`refuse ${what}`, () => {
      const found = mistakes(raw);
      expect(found).to.have.lengthOf(expected.length);
      for (const [index, pattern] of expected.entries()) expect(found[index]).to.match(pattern);
    });
  }

  it("are shown with their keys as Pulumi knows them", () => {
    expect(() => read({ protect: 1, image: "x" }))
      .to.throw(StackSettingsError)
      .with.property("message")
      .that.matches(/^The settings of stack here have 2 mistakes:\n {2}ratesapp:image: .*\n {2}ratesapp:protect: /);
  });

  it("know every key of the chart's feeds", () => {
    expect(Object.keys(feed.shape)).to.have.members(Object.keys(schema.definitions.feed.properties));
  });

  it("never show a secret in a message", () => {
    const found = mistakes({ backupCredentials: "hunter2", databse: 1 });
    expect(found).to.deep.equal(["databse: there is no such setting"]);
  });
});
