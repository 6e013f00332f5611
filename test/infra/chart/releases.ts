import type { Values } from "./helm.js";

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
  production: {
    image: { digest: `sha256:${"0a".repeat(32)}`, pullSecrets: ["registry"] },
    database: {
      owner: { secretName: "rates-owner" },
      ingest: { secretName: "rates-ingest" },
      api: { secretName: "rates-api" },
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
  },
  "a second region that only reads": {
    database: { api: { secretName: "rates-api" } },
    migration: { enabled: false },
    compaction: { enabled: false },
  },
  "the longest names": {
    fullnameOverride: "a-name-as-long-as-the-chart-allows-it-xx",
    database: { owner: { secretName: "postgres" } },
    feeds: { "a-feed-of-24-characters1": { schedule: "@daily", source: "https://a/b" } },
  },
};
