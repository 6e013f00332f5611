import type { Values } from "./helm.js";

const secret = { database: { owner: { secretName: "postgres" } } };

/** What `pod`, or a component's `pod`, can say. */
const pod = {
  labels: { team: "rates", "example.com/cost-center": "42" },
  annotations: { "linkerd.io/inject": "enabled", checksum: "1234567890" },
  nodeSelector: { "kubernetes.io/arch": "amd64", "example.com/pool": "" },
  tolerations: [
    { key: "spot", operator: "Exists", effect: "NoSchedule" },
    { key: "zone", operator: "Equal", value: "a", effect: "NoExecute", tolerationSeconds: 1_000_000 },
  ],
  affinity: {
    nodeAffinity: {
      preferredDuringSchedulingIgnoredDuringExecution: [
        { weight: 100, preference: { matchExpressions: [{ key: "disk", operator: "In", values: ["ssd"] }] } },
      ],
    },
  },
  priorityClassName: "business-critical",
  env: [
    { name: "NODE_OPTIONS", value: "--max-old-space-size=256" },
    { name: "HTTPS_PROXY", valueFrom: { configMapKeyRef: { name: "proxy", key: "url", optional: true } } },
    { name: "POD_IP", valueFrom: { fieldRef: { fieldPath: "status.podIP" } } },
    { name: "CPUS", valueFrom: { resourceFieldRef: { resource: "limits.cpu" } } },
  ],
};

const production = {
  image: { digest: `sha256:${"0a".repeat(32)}`, pullSecrets: ["registry"] },
  database: {
    owner: { secretName: "rates-owner" },
    ingest: { secretName: "rates-ingest" },
    api: { secretName: "rates-api" },
    ca: { configMapName: "rates-database-ca" },
    revision: "3",
  },
  writeTokens: { secretName: "rates-writers" },
  places: { ports: "code,name,parent_slug\nCNSGH,Shanghai,china_main\n", regions: "slug,name,parent_slug\n" },
  api: {
    autoscaling: { minReplicas: 3, maxReplicas: 30 },
    topologySpread: { zones: "DoNotSchedule" },
    settings: {
      databasePoolSize: 20,
      requestTimeoutMs: 4000,
      statementTimeoutMs: 1500,
      cacheBytes: 67_108_864,
      rateLimitPerSecond: 1_000_000,
      rateLimitBurst: 10_000_000,
      trustedProxies: ["10.0.0.0/8", "2001:db8::/32"],
      maxEventLoopLagMs: 200,
      maxWaitingQueries: 50,
    },
  },
  feeds: {
    "sea-prices": {
      schedule: "*/15 * * * *",
      source: "s3://prices/sea/",
      mode: "replace",
      parallelism: 4,
      deadlineSeconds: 604_800,
      maxBadRows: 1_000_000,
      credentialsSecretName: "sea-prices-s3",
      environment: { AWS_REGION: "eu-west-1" },
    },
    air: { schedule: "@hourly", source: "http://files.example:8080/air.csv" },
    deliveries: {
      schedule: "0 6 * * 1-5",
      source: "/deliveries",
      suspend: true,
      maxBadRows: 10,
      volume: { claimName: "deliveries", mountPath: "/deliveries" },
      rejectsClaimName: "rejects",
    },
  },
  compaction: { retentionDays: 800 },
  networkPolicy: { database: { to: [{ podSelector: { matchLabels: { "cnpg.io/cluster": "rates" } } }] } },
  ingress: { enabled: true, className: "nginx", host: "rates.example", tlsSecretName: "rates-tls" },
  httpRoute: { enabled: true, parentRefs: [{ name: "public", namespace: "gateways" }], hostnames: ["rates.example"] },
  podMonitor: { enabled: true, labels: { team: "rates" } },
  alarms: { enabled: true, labels: { team: "rates" }, availability: 0.9995 },
};

/** Each key of the values, but for what excludes another. */
const everything = {
  ...production,
  pod,
  places: { configMapName: "places", revision: "1" },
  api: {
    ...production.api,
    host: "0.0.0.0",
    pod: { ...pod, labels: { team: "serving" }, env: [{ name: "NODE_OPTIONS", value: "" }] },
    service: { type: "NodePort", ipFamilyPolicy: "RequireDualStack", ipFamilies: ["IPv6", "IPv4"] },
  },
  migration: { pod },
  operator: { replicas: 3, pod },
  ingest: { pod, serviceAccount: { annotations: { "eks.amazonaws.com/role-arn": "arn:aws:iam::1:role/rates" } } },
  compaction: { retentionDays: 800, pod },
};

/** Rules of policies.ts that a release of this name leaves to its users. */
export const excused: Readonly<Record<string, readonly string[]>> = {
  "no limit of CPU": ["containers request and are limited"],
  "a namespace that sets requests and limits itself": ["containers request and are limited"],
  "null for all that it can do without": [
    "every pod is denied what is not allowed",
    "every container's port is named in a network policy",
  ],
  "a network that is closed by other means": [
    "every pod is denied what is not allowed",
    "every container's port is named in a network policy",
  ],
};

/** Values for releases of all shapes, by what they are for. */
export const releases: Readonly<Record<string, Values>> = {
  "one Secret and nothing else": {
    database: { owner: { secretName: "postgres-app", key: "uri" } },
  },
  "a try-out with a URL": {
    database: { owner: { url: "postgres://owner:a-password@postgres/rates" } },
    api: { autoscaling: { enabled: false }, replicas: 1 },
    compaction: { enabled: false },
  },
  production,
  "everything that can be said": everything,
  "a second region that only reads": {
    database: { api: { secretName: "rates-api" } },
    migration: { enabled: false },
    compaction: { enabled: false },
    operator: { enabled: false },
  },
  "the longest names": {
    fullnameOverride: "a-name-as-long-as-the-chart-allows-it-xx",
    database: { owner: { secretName: "postgres" } },
    feeds: { "a-feed-of-24-characters1": { schedule: "@daily", source: "https://a/b" } },
  },
  "no limit of CPU": {
    ...secret,
    api: { resources: { limits: { cpu: null } } },
    migration: { resources: { limits: { cpu: null } } },
    ingest: { resources: { limits: { cpu: null } } },
    compaction: { resources: { limits: { cpu: null } } },
    feeds: { sea: { schedule: "@hourly", source: "s3://prices/sea/", resources: { limits: { memory: "1Gi" } } } },
  },
  "a namespace that sets requests and limits itself": {
    ...secret,
    api: { resources: null, autoscaling: null },
    migration: { resources: { requests: null, limits: null } },
    ingest: { resources: { requests: { cpu: null, memory: null }, limits: null } },
    compaction: { resources: null },
    feeds: { sea: { schedule: "@hourly", source: "s3://prices/sea/", resources: null } },
  },
  "null for all that it can do without": {
    ...secret,
    pod: null,
    writeTokens: null,
    places: null,
    feeds: null,
    ingest: null,
    operator: null,
    compaction: null,
    networkPolicy: null,
    ingress: null,
    httpRoute: null,
    podMonitor: null,
    alarms: null,
    api: { autoscaling: null, settings: null, serviceAccount: null, host: null },
  },
  "a feed that a later file takes away, and one that says nothing": {
    ...secret,
    feeds: {
      gone: null,
      sea: {
        schedule: "0 3 * * SUN",
        source: "https://prices.example/sea.csv",
        timeZone: null,
        mode: null,
        parallelism: null,
        deadlineSeconds: null,
        maxBadRows: null,
        backoffLimit: null,
        suspend: null,
        resources: null,
        credentialsSecretName: null,
        environment: { AWS_REGION: null },
        volume: null,
        rejectsClaimName: null,
        egress: null,
      },
    },
  },
  "places in a ConfigMap": { ...secret, places: { configMapName: "places", revision: "2026-11" } },
  "places on a volume": { ...secret, places: { claimName: "places" } },
  "a cluster of IPv6 alone": {
    ...secret,
    api: { host: "::", service: { ipFamilyPolicy: "SingleStack", ipFamilies: ["IPv6"] } },
    networkPolicy: { addressFamilies: ["ipv6"] },
    feeds: { sea: { schedule: "@every 90m", source: "https://[2001:db8::1]:8443/sea.csv" } },
  },
  "a cluster of two families": {
    ...secret,
    api: { service: { ipFamilyPolicy: "PreferDualStack" } },
    networkPolicy: { addressFamilies: ["ipv4", "ipv6"] },
    feeds: { sea: { schedule: "@daily", source: "s3://prices/sea/", timeZone: "America/New_York" } },
  },
  "a service mesh": {
    ...secret,
    pod: { annotations: { "sidecar.istio.io/inject": "true" }, labels: { "istio.io/rev": "stable" } },
    migration: { pod: { annotations: { "sidecar.istio.io/inject": "false" } } },
    compaction: { pod: { annotations: { "sidecar.istio.io/inject": null } } },
  },
  "ingest on nodes of its own": {
    ...secret,
    api: { pod: { priorityClassName: "serving" } },
    ingest: {
      pod: {
        nodeSelector: { pool: "spot" },
        tolerations: [{ key: "spot", operator: "Exists" }],
        priorityClassName: "batch",
      },
    },
    feeds: { sea: { schedule: "*/5 * * * MON-FRI", source: "s3://prices/sea/" } },
  },
  "a way out through a proxy, with a Secret's password": {
    ...secret,
    pod: {
      env: [
        { name: "PROXY_PASSWORD", valueFrom: { secretKeyRef: { name: "proxy", key: "password" } } },
        { name: "HTTPS_PROXY", value: "http://rates:$(PROXY_PASSWORD)@proxy.example:3128" },
      ],
    },
  },
  "a load balancer of the cloud": {
    ...secret,
    api: {
      preStopSeconds: 30,
      service: { type: "LoadBalancer", port: 8080, annotations: { "example.com/lb": "nlb" } },
    },
  },
  "an Ingress for any host": { ...secret, ingress: { enabled: true, annotations: { "example.com/size": "8m" } } },
  "a route from two gateways": {
    ...secret,
    httpRoute: {
      enabled: true,
      parentRefs: [
        { name: "public", sectionName: "https" },
        { name: "private", port: 80 },
      ],
    },
  },
  "a network that names every peer": {
    ...secret,
    networkPolicy: {
      api: { from: [{ ipBlock: { cidr: "10.0.0.0/8", except: ["10.1.0.0/16"] } }, { podSelector: {} }] },
      admin: { from: [{ namespaceSelector: {}, podSelector: { matchLabels: { app: "prometheus" } } }] },
      dns: { to: [{ ipBlock: { cidr: "169.254.20.10/32" } }], ports: [53, 5353] },
      database: { to: [{ ipBlock: { cidr: "2001:db8::/64" } }], port: 6432 },
    },
  },
  "a network that is closed by other means": { ...secret, networkPolicy: { enabled: false } },
  "a registry of one's own": {
    ...secret,
    image: {
      repository: "registry.example:5000/team/ratesapp",
      tag: "1.0.0-rc.1",
      pullPolicy: "Always",
      pullSecrets: ["registry", "mirror"],
    },
  },
  "one pod, kept small": {
    ...secret,
    api: {
      autoscaling: { enabled: false },
      replicas: 1,
      resources: { requests: { cpu: 0.1, memory: "96Mi" }, limits: { cpu: 1, memory: "268435456" } },
    },
    compaction: { schedule: "@weekly", retentionDays: 30 },
  },
  "a canary, in the middle of a release": {
    ...secret,
    image: { tag: "2.0.0" },
    ingest: { image: { repository: "ghcr.io/ratesapp/ratesapp", tag: "1.0.0" } },
    api: { delivery: "canary" },
  },
  "blue and green": { ...secret, api: { delivery: "blueGreen" } },
  "an object store of one's own": {
    ...secret,
    feeds: {
      sea: {
        schedule: "30 4 1,15 JAN-JUN/2 ?",
        source: "s3://prices/sea/",
        environment: { AWS_ENDPOINT_URL: "http://minio:9000", AWS_REGION: "eu-west-1" },
        credentialsSecretName: "minio",
        egress: [{ to: [{ podSelector: { matchLabels: { app: "minio" } } }], ports: [{ port: 9000 }] }],
        resources: { requests: { memory: "512Mi" }, limits: { memory: "1Gi", "ephemeral-storage": "1Gi" } },
      },
    },
  },
};
