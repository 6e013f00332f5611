import { z } from "zod";
import { DEFAULT_VERSION, endOfStandardSupport } from "../cluster/eks-versions.js";
import { FIRST_CLUSTER } from "../names.js";
import { namespaces } from "../platform/releases.js";
import { clusterName, databaseClusters } from "./database-clusters.js";
import { delivery } from "./delivery.js";
import { feed, feedName } from "./feed.js";
import { image } from "./image.js";
import { namespaceName, objectName } from "./kubernetes-name.js";
import { cpu, memory, resources } from "./resources.js";
import { backupSchedule, schedule } from "./schedule.js";
import { whole } from "./whole.js";

/** A page at 14.4 times the speed of an objective below 0.95 would need more failures than requests. */
const share = z
  .number("must be a number")
  .min(0.95, "must be from 0.95 to 0.99999")
  .max(0.99999, "must be from 0.95 to 0.99999");

const manifest = z.strictObject({
  manifest: z.string().min(1),
  /** Of its content. Another content is refused. */
  sha256: z
    .string()
    .regex(/^[0-9a-f]{64}$/, "must be a SHA-256 in hex")
    .optional(),
});

const PEER = "must be a peer with a namespaceSelector, a podSelector or an ipBlock";

const selector = z
  .strictObject({
    matchLabels: z.record(z.string(), z.string()),
    matchExpressions: z.array(
      z.strictObject({ key: z.string(), operator: z.string(), values: z.array(z.string()).optional() }),
    ),
  })
  .partial();

/** Ends of a rule of a NetworkPolicy, as Kubernetes takes it. */
const peers = z.array(
  z
    .strictObject(
      {
        namespaceSelector: selector,
        podSelector: selector,
        ipBlock: z.strictObject({ cidr: z.union([z.cidrv4(), z.cidrv6()]), except: z.array(z.string()).optional() }),
      },
      PEER,
    )
    .partial()
    .refine((peer) => Object.keys(peer).length > 0, PEER),
  "must be a list of peers of a NetworkPolicy",
);

/**
 * The cluster has the operator already (`present`), the program leaves it out (`absent`), or it installs the pinned
 * release (`install`) or a given one.
 */
const operator = z.union(
  [z.enum(["present", "install"]), manifest],
  "must be present, install, or {manifest: a path or URL}",
);
const optionalOperator = z.union(
  [z.enum(["absent", "present", "install"]), manifest],
  "must be absent, present, install, or {manifest: a path or URL}",
);
const optionalChart = z.union(
  [
    z.enum(["absent", "present", "install"]),
    z.strictObject({ chart: z.string().min(1), version: z.string().optional() }),
  ],
  "must be absent, present, install, or {chart: a path or URL, version}",
);

const eks = z.strictObject({
  region: z.string().regex(/^[a-z]{2}(-[a-z]+)+-[0-9]$/, "must be an AWS region such as eu-west-1"),
  /** The AWS account. With it, keys of another account change nothing there. */
  accountId: z
    .preprocess(
      // YAML and `pulumi config set --path` make a number of it.
      (value) => (typeof value === "number" ? String(value).padStart(12, "0") : value),
      z.string().regex(/^[0-9]{12}$/, "must be the 12 digits of an AWS account"),
    )
    .optional(),
  version: z
    .string()
    .refine(
      (version) => version in endOfStandardSupport,
      `must be ${Object.keys(endOfStandardSupport).join(" or ")}; another one needs a line in infra/cluster/eks-versions.ts`,
    )
    .default(DEFAULT_VERSION),
  /** Address range of the VPC. The six subnets are parts of it. */
  vpcCidr: z
    .cidrv4("must be a range of addresses such as 10.20.0.0/16")
    .refine((cidr) => Number(cidr.split("/")[1]) >= 16 && Number(cidr.split("/")[1]) <= 20, "must be a /16 to /20")
    .default("10.20.0.0/16"),
  /** `one` costs a third, but if its zone is lost, all zones lose their way out. */
  natGateways: z.enum(["one", "one-per-zone"]).default("one-per-zone"),
  /** Addresses outside of the VPC that may reach the API server. With [], it is reached from inside of the VPC only. */
  publicAccessCidrs: z.array(z.cidrv4("must be ranges of addresses")).optional(),
  /** IAM roles that administer the cluster, in addition to the one that creates it. */
  adminRoleArns: z
    .array(z.string().regex(/^arn:aws[a-z-]*:iam::[0-9]{12}:role\/.+/, "must be ARNs of roles"))
    .default([]),
  /** KMS keys of other accounts with which the `s3://` sources of feeds are encrypted. Their owners must agree too. */
  deliveryKeyArns: z
    .array(z.string().regex(/^arn:aws[a-z-]*:kms:[a-z0-9-]+:[0-9]{12}:key\/.+/, "must be ARNs of KMS keys"))
    .default([]),
});

/** The newest backup, restored into a database of one instance, compared and deleted (docs/operations/drill.md). */
const drill = z.strictObject({
  schedule: schedule.default("0 5 * * 0"),
  /** Of that database. Its disks are as large as those of an instance. */
  cpu: cpu.default("1"),
  memory: memory("512Mi").default("1Gi"),
  /** A drill that takes longer has failed. */
  deadlineMinutes: whole(5, 2880).default(720),
});

const backups = z.strictObject({
  /** `s3://bucket/folder`. On EKS, the program makes the bucket. */
  destination: z
    .string()
    .regex(/^s3:\/\/[^/]+(\/.*)?$/, "must look like s3://bucket/folder")
    .optional(),
  /** Address of an object store other than AWS S3. */
  endpoint: z.url({ protocol: /^https?$/, error: "must be an http(s) address" }).optional(),
  /** `plugin` is the Barman Cloud plugin. `in-tree` is built into CloudNativePG up to 1.30. */
  method: z.enum(["plugin", "in-tree"]).default("plugin"),
  /** `secret`: the keys in ratesapp:backupCredentials. `identity`: the rights of the pod, as from EKS Pod Identity. */
  credentials: z.enum(["secret", "identity"]).default("identity"),
  /** Asks the store to encrypt each object. Not needed for a bucket that encrypts by itself, as on EKS. */
  encryption: z.enum(["AES256", "aws:kms"], "must be AES256 or aws:kms").optional(),
  /**
   * Of base backups. gzip packs them smaller and takes ten times the CPU: 200 GB in a day and a half. lz4 needs Barman
   * 3.14 in the image of the plugin.
   */
  compression: z.enum(["snappy", "lz4", "gzip", "none"], "must be snappy, lz4, gzip or none").default("snappy"),
  /** Of the plugin's container beside each instance. Each WAL file takes a tenth of a second, a base backup a core. */
  cpu: cpu.default("500m"),
  memory: memory("256Mi").default("1Gi"),
  /** When base backups are made. Six fields, with seconds first. */
  schedule: backupSchedule.default("0 0 2 * * *"),
  retentionDays: whole(1, 3650).default(30),
  drill: z.union([z.literal("off"), drill], "must be off, or {schedule, cpu, memory, deadlineMinutes}").prefault({}),
});

/** When and how a backup is tried. */
export type DrillSettings = z.output<typeof drill>;

/** Every setting of a stack. A setting without a default here gets one from its environment (environments.ts). */
export const settingsSchema = z.strictObject({
  environment: z.enum(["sandbox", "staging", "prod"], "must be sandbox, staging or prod"),
  /** Where `delivery` is by a Rollout, only the first `up` uses it: after that, releases say what runs. */
  image,
  /** True to refuse the deletion of what holds data. To delete it, first set this to false and apply. */
  protect: z.boolean("must be true or false"),
  logLevel: z.enum(["trace", "debug", "info", "warn", "error"]),
  cluster: z.strictObject({
    /** A context of your kubeconfig. */
    context: z.string().min(1).optional(),
    eks: eks.optional(),
    /** IP versions of the cluster's pods, for NetworkPolicies. */
    addressFamilies: z
      .array(z.enum(["ipv4", "ipv6"], "must be ipv4, ipv6 or both"))
      .min(1)
      .max(2)
      .default(["ipv4"]),
    /** Ports of the API server, for NetworkPolicies: the port of its Service and its own port. */
    apiServerPorts: z.array(whole(1, 65_535)).min(1).default([443, 6443]),
    /**
     * What answers DNS, for NetworkPolicies. `to` is the pods `k8s-app: kube-dns` of kube-system if not set, on EKS
     * any address. OpenShift needs its own peer and port 5353, NodeLocal DNSCache its address.
     */
    dns: z.strictObject({ to: peers.optional(), ports: z.array(whole(1, 65_535)).min(1).default([53]) }).prefault({}),
  }),
  platform: z.strictObject({
    cloudnativePg: operator,
    /** Namespace of the operator. It can differ from the default only if the operator is `present`. */
    cloudnativePgNamespace: namespaceName.default(namespaces.cloudnativePg),
    argoRollouts: optionalOperator,
    certManager: optionalOperator,
    barmanPlugin: optionalOperator,
    /** kube-prometheus-stack, or any Prometheus operator in the namespace `monitoring`. */
    prometheus: optionalChart,
  }),
  database: z.strictObject({
    /**
     * Postgres of another major version would not start with the existing files. Name a minor version, and best a
     * digest too: the image of `17-standard-trixie` changes, so that two instances could run different programs.
     */
    image: z
      .string()
      .regex(
        /^[^\s@]+:17([.-][\w.-]*)?(@sha256:[0-9a-f]{64})?$/,
        "must be an image of Postgres 17 by its tag, such as ghcr.io/cloudnative-pg/postgresql:17.10-standard-trixie",
      )
      .default("ghcr.io/cloudnative-pg/postgresql:17.10-standard-trixie"),
    /** Each has `instances` instances. `npm run restore` adds and removes them (docs/operations/disaster.md). */
    clusters: databaseClusters.default({ [FIRST_CLUSTER]: "empty" }),
    /** The one that pods use. */
    serving: clusterName.default(FIRST_CLUSTER),
    instances: whole(1, 9),
    /** For one instance. It is both request and limit, so that the instance is among the last pods to be evicted. */
    cpu,
    memory: memory("512Mi"),
    storage: memory("1Gi"),
    walStorage: memory("1Gi"),
    storageClass: objectName.optional(),
    /** Whether two instances may share a zone if there are too few zones. */
    zones: z.enum(["required", "preferred"]),
    /** For one instance. connections.ts lists the programs that need them. */
    maxConnections: whole(50, 2000),
    pooler: z.strictObject({
      instances: whole(1, 20),
      /** Server connections of one pooler pod, for each role. */
      connections: whole(1, 500).default(20),
      clients: whole(10, 20_000).default(1000),
    }),
    backups: backups.optional(),
  }),
  /** What consumers are promised, and from when on an alarm is raised (charts/ratesapp/alarms, infra/alarms). */
  alarms: z
    .strictObject({
      /** Share of requests that do not fail, over 30 days. */
      availability: share.default(0.99),
      /** Share of answers that take no longer than `latencySeconds`. */
      latencyShare: share.default(0.99),
      latencySeconds: z
        .literal([0.025, 0.05, 0.1, 0.25, 0.5, 2.5], "must be 0.025, 0.05, 0.1, 0.25, 0.5 or 2.5")
        .default(0.25),
      /** A feed that has owed a good run for this long wakes a person. After an hour it is a ticket. */
      feedStaleSeconds: whole(3600, 31_536_000).default(21_600),
      /** A batch that has neither been published nor failed this long after its plan is stuck. */
      batchStuckSeconds: whole(60, 31_536_000).default(14_400),
      /** Published batches that may wait to be folded for two hours. */
      foldWaitingBatches: whole(1, 1_000_000).default(100),
      /** How far a replica may be behind for five minutes. */
      replicaLagSeconds: whole(5, 86_400).default(60),
      /** Where the pages are that say what to do. */
      runbooks: z
        .url({ protocol: /^https?$/, error: "must be an http(s) address" })
        .regex(/[^/]$/, "must not end in /")
        .default("https://github.com/ratesapp/ratesapp/blob/main/docs/operations/runbooks"),
    })
    .prefault({}),
  delivery,
  access: z
    .strictObject({
      /** Raise it by one to change the password of every role; see access/generations.ts. */
      passwordGeneration: whole(1, 1_000_000).default(1),
      /** Raise it by one to change the certificate authority of the database; see database/server-authorities.ts. */
      authorityGeneration: whole(1, 1_000_000).default(1),
      /** Local port of the port-forward. If not set, it is derived from the name of the stack. */
      localPort: whole(1024, 65_535).optional(),
    })
    .prefault({}),
  api: z.strictObject({
    minReplicas: whole(1, 1000),
    maxReplicas: whole(1, 1000),
    cpuPercent: whole(1, 1000).default(70),
    /** Scaling down keeps the largest number of pods that was needed within this time. */
    scaleDownWaitSeconds: whole(0, 3600).default(300),
    resources,
    /** Limit of one attempt in the database; the server then ends the statement. */
    statementTimeoutMs: whole(50, 600_000).default(2000),
    /**
     * After SIGTERM, a pod serves on for this long, until load balancers have noticed. Those that send to pods directly
     * need 15 s or more.
     */
    preStopSeconds: whole(0, 600).default(10),
    /** Further api.settings of the chart. The chart checks them. */
    settings: z.record(z.string(), z.union([z.number(), z.array(z.string())])).default({}),
    /**
     * Peers that connect to the API, for NetworkPolicies. If not set: the pods of the cluster, and on EKS its load
     * balancers. An Ingress controller in the network of its host needs the addresses of the nodes.
     */
    from: peers.optional(),
    /** Public access. Without it, the API is reachable inside the cluster only. */
    ingress: z
      .strictObject({
        host: z.hostname("must be a host name"),
        className: objectName.optional(),
        tlsSecretName: objectName.optional(),
        /**
         * True if clients use HTTPS although no Secret is set, as with a load balancer that has its own certificate.
         */
        tls: z.boolean("must be true or false").default(false),
        annotations: z.record(z.string(), z.string()).default({}),
      })
      .optional(),
  }),
  /**
   * One of these: files with the places, relative to the project and at most 1 MiB; a ConfigMap or claim in the
   * workloads' namespace that contains ports.csv and regions.csv; or `by-hand`, if you run `ratesapp places import`.
   */
  places: z
    .union(
      [
        z.literal("by-hand"),
        z.strictObject({ ports: z.string().min(1), regions: z.string().min(1) }),
        z.strictObject({ configMapName: objectName, revision: z.string().optional() }),
        z.strictObject({ claimName: objectName, revision: z.string().optional() }),
      ],
      "must be {ports: a file, regions: a file}, {configMapName, revision}, {claimName, revision}, or by-hand",
    )
    .optional(),
  feeds: z.record(feedName, feed).default({}),
  compaction: z
    .strictObject({
      schedule: schedule.default("17 3 * * *"),
      retentionDays: whole(1, 36_500).nullable().default(null),
    })
    .prefault({}),
});

/** The settings of a stack, including defaults. */
export type Settings = z.output<typeof settingsSchema>;
/** The settings that a stack gives, without defaults. */
export type GivenSettings = z.input<typeof settingsSchema>;
