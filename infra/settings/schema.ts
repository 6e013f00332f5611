import { z } from "zod";
import { namespaces } from "../platform/releases.js";
import { feed, feedName } from "./feed.js";
import { image } from "./image.js";
import { cpu, memory, resources } from "./resources.js";
import { backupSchedule, schedule } from "./schedule.js";

const whole = (least: number, most: number) => {
  const range = `must be a whole number from ${least} to ${most}`;
  return z.int(range).min(least, range).max(most, range);
};

const kubernetesName = z
  .string()
  .regex(/^[a-z0-9]([-a-z0-9.]*[a-z0-9])?$/, "must be a Kubernetes name: lower-case letters, digits and dashes");

/** The cluster has it already, the program leaves it out, or installs the pinned release or one you name. */
const operator = z.union(
  [z.enum(["present", "install"]), z.strictObject({ manifest: z.string().min(1) })],
  "must be present, install, or {manifest: a path or URL}",
);
const optionalOperator = z.union(
  [z.enum(["absent", "present", "install"]), z.strictObject({ manifest: z.string().min(1) })],
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
  version: z
    .string()
    .regex(/^1\.[0-9]{2}$/, "must be a Kubernetes version such as 1.34")
    .default("1.34"),
  /** Of the VPC; the six subnets are cut from it. */
  vpcCidr: z
    .cidrv4("must be a range of addresses such as 10.20.0.0/16")
    .refine((cidr) => Number(cidr.split("/")[1]) >= 16 && Number(cidr.split("/")[1]) <= 20, "must be a /16 to /20")
    .default("10.20.0.0/16"),
  /** One gateway costs a third, and takes every zone's way out with it when its zone is lost. */
  natGateways: z.enum(["one", "one-per-zone"]).default("one-per-zone"),
  /** Who may reach the API server from outside the VPC. */
  publicAccessCidrs: z.array(z.cidrv4("must be ranges of addresses")).min(1).default(["0.0.0.0/0"]),
  /** IAM roles that administer the cluster, besides the one that creates it. */
  adminRoleArns: z
    .array(z.string().regex(/^arn:aws[a-z-]*:iam::[0-9]{12}:role\/.+/, "must be ARNs of roles"))
    .default([]),
});

const backups = z.strictObject({
  /** `s3://bucket/folder`; on EKS the program makes the bucket. */
  destination: z
    .string()
    .regex(/^s3:\/\/[^/]+(\/.*)?$/, "must look like s3://bucket/folder")
    .optional(),
  /** Of an object store that is not AWS. */
  endpoint: z.url({ protocol: /^https?$/, error: "must be an http(s) address" }).optional(),
  /** The Barman Cloud plugin, or what CloudNativePG up to 1.30 has built in. */
  method: z.enum(["plugin", "in-tree"]).default("plugin"),
  /** `secret`: ratesapp:backupCredentials. `identity`: the pod's own, as EKS Pod Identity hands out. */
  credentials: z.enum(["secret", "identity"]).default("identity"),
  /** Base backups; six fields, seconds first. */
  schedule: backupSchedule.default("0 0 2 * * *"),
  retentionDays: whole(1, 3650).default(30),
});

/** Every setting of a stack. What has no default here gets one from its environment (environments.ts). */
export const settingsSchema = z.strictObject({
  environment: z.enum(["sandbox", "staging", "prod"], "must be sandbox, staging or prod"),
  image,
  /** Refuses to delete what holds data, until this is turned off and applied. */
  protect: z.boolean("must be true or false"),
  logLevel: z.enum(["trace", "debug", "info", "warn", "error"]),
  cluster: z.strictObject({
    /** Of your kubeconfig. */
    context: z.string().min(1).optional(),
    eks: eks.optional(),
    /** Of its pods, for NetworkPolicies. */
    addressFamilies: z
      .array(z.enum(["ipv4", "ipv6"], "must be ipv4, ipv6 or both"))
      .min(1)
      .max(2)
      .default(["ipv4"]),
    /** Where the API server listens, for NetworkPolicies: its Service's port and its own. */
    apiServerPorts: z.array(whole(1, 65_535)).min(1).default([443, 6443]),
  }),
  platform: z.strictObject({
    cloudnativePg: operator,
    /** Where it runs; another one only where it is present. */
    cloudnativePgNamespace: kubernetesName.default(namespaces.cloudnativePg),
    argoRollouts: optionalOperator,
    certManager: optionalOperator,
    barmanPlugin: optionalOperator,
    /** kube-prometheus-stack, or any Prometheus operator in the namespace `monitoring`. */
    prometheus: optionalChart,
  }),
  database: z.strictObject({
    /** Another major version would not start on the files of this one. */
    image: z
      .string()
      .regex(
        /^[^\s@]+:17([.-][\w.-]*)?(@sha256:[0-9a-f]{64})?$/,
        "must be an image of Postgres 17 by its tag, such as ghcr.io/cloudnative-pg/postgresql:17-standard-trixie",
      )
      .default("ghcr.io/cloudnative-pg/postgresql:17-standard-trixie"),
    instances: whole(1, 9),
    /** Of one instance: requested and limit, so that it is the last to be evicted. */
    cpu,
    memory: memory("512Mi"),
    storage: memory("1Gi"),
    walStorage: memory("1Gi"),
    storageClass: kubernetesName.optional(),
    /** Whether an instance may share its zone with another when there are too few. */
    zones: z.enum(["required", "preferred"]),
    /** Of one instance; what is counted against it: connections.ts. */
    maxConnections: whole(50, 2000),
    pooler: z.strictObject({
      instances: whole(1, 20),
      /** Server connections of one pooler pod for each role. */
      connections: whole(1, 500).default(20),
      clients: whole(10, 20_000).default(1000),
    }),
    backups: backups.optional(),
  }),
  access: z
    .strictObject({
      /** One more gives every role a new password; see access/generations.ts. */
      passwordGeneration: whole(1, 1_000_000).default(1),
      /** The end of the port-forward on this machine; made from the stack's name if not set. */
      localPort: whole(1024, 65_535).optional(),
    })
    .prefault({}),
  api: z.strictObject({
    minReplicas: whole(1, 1000),
    maxReplicas: whole(1, 1000),
    cpuPercent: whole(1, 1000).default(70),
    /** The most pods wanted in this time is kept. */
    scaleDownWaitSeconds: whole(0, 3600).default(300),
    resources,
    /** Of one attempt in the database; the server ends it then. */
    statementTimeoutMs: whole(50, 600_000).default(2000),
    /** A pod that leaves serves on until load balancers know; those that send to pods directly take 15 s and more. */
    preStopSeconds: whole(0, 600).default(10),
    /** More of the chart's api.settings; the chart checks them. */
    settings: z.record(z.string(), z.union([z.number(), z.array(z.string())])).default({}),
    /** How the world reaches it; none: inside the cluster only. */
    ingress: z
      .strictObject({
        host: z.hostname("must be a host name"),
        className: kubernetesName.optional(),
        tlsSecretName: kubernetesName.optional(),
        /** Whether what listens speaks HTTPS without a Secret, as a load balancer with a certificate of its own. */
        tls: z.boolean("must be true or false").default(false),
        annotations: z.record(z.string(), z.string()).default({}),
      })
      .optional(),
  }),
  /**
   * Files with the places, relative to the project and 1 MiB at most; what holds ports.csv and regions.csv in the
   * workloads' namespace; or you run `ratesapp places import`.
   */
  places: z
    .union(
      [
        z.literal("by-hand"),
        z.strictObject({ ports: z.string().min(1), regions: z.string().min(1) }),
        z.strictObject({ configMapName: kubernetesName, revision: z.string().optional() }),
        z.strictObject({ claimName: kubernetesName, revision: z.string().optional() }),
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

/** Settings of a stack, with its defaults. */
export type Settings = z.output<typeof settingsSchema>;
/** Settings as a stack gives them, before defaults. */
export type GivenSettings = z.input<typeof settingsSchema>;
