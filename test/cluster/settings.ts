import { mkdtempSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { portsCsv, regionsCsv } from "./deliveries/deliveries.js";

/** Of the application, in a registry that the cluster reaches. */
export const IMAGE = process.env.RATESAPP_IMAGE ?? "ghcr.io/ratesapp/ratesapp:dev";

/** Folder with manifests of the operators, for a cluster without the internet, which has one image of Postgres. */
const manifests = process.env.CLUSTER_MANIFESTS;
/** An object store for backups. */
export const store = process.env.CLUSTER_S3;

const install = (name: string) => (manifests ? { manifest: join(manifests, `${name}.yaml`) } : "install");

/**
 * Staging as it is, but as small as a test machine, and with what that has.
 * @param deliveries namespace of the deliveries' server.
 */
export function stagingSettings(context: string, deliveries: string, monitored: boolean): Record<string, unknown> {
  const places = mkdtempSync(join(tmpdir(), "ratesapp-places-"));
  writeFileSync(join(places, "ports.csv"), portsCsv());
  writeFileSync(join(places, "regions.csv"), regionsCsv());
  return {
    environment: "staging",
    image: IMAGE,
    cluster: { context },
    platform: {
      cloudnativePg: install("cloudnative-pg"),
      certManager: install("cert-manager"),
      barmanPlugin: install("barman-plugin"),
      prometheus: monitored ? "present" : "absent",
      argoRollouts: monitored ? install("argo-rollouts") : "absent",
    },
    // Checks need Prometheus. Pauses as short as two measurements take.
    delivery: monitored
      ? {
          strategy: "canary",
          steps: [
            { weight: 25, seconds: 15 },
            { weight: 40, seconds: 15 },
          ],
          checks: { intervalSeconds: 5 },
        }
      : { strategy: "rolling" },
    database: {
      ...(manifests && { image: "ghcr.io/cloudnative-pg/postgresql:17-standard-trixie" }),
      cpu: "500m",
      memory: "768Mi",
      storage: "2Gi",
      walStorage: "2Gi",
      maxConnections: 96,
      pooler: { connections: 10 },
      // The archive has what earlier runs stored.
      clusters: { ratesapp: "empty-beside-archive" },
      ...(store && {
        // Debian's module for snappy crashes, and gzip takes minutes. So small that a second database has room.
        backups: {
          destination: "s3://backups/",
          endpoint: store,
          credentials: "secret",
          compression: "none",
          cpu: "250m",
          memory: "512Mi",
          // Never by itself: the test starts it.
          drill: { schedule: "0 0 1 1 *", cpu: "250m", memory: "512Mi", deadlineMinutes: 15 },
        },
      }),
    },
    api: {
      minReplicas: 2,
      maxReplicas: 4,
      scaleDownWaitSeconds: 15,
      resources: { requests: { cpu: "100m", memory: "192Mi" }, limits: { cpu: "1", memory: "384Mi" } },
      // The load comes from one address.
      settings: { rateLimitPerSecond: 0 },
    },
    places: { ports: join(places, "ports.csv"), regions: join(places, "regions.csv") },
    feeds: {
      // Never by itself: the test starts it.
      sea: {
        schedule: "0 0 1 1 *",
        suspend: true,
        source: `http://deliveries.${deliveries}.svc:8080/prices.csv`,
        parallelism: 3,
        deadlineSeconds: 600,
        egress: [
          {
            to: [{ namespaceSelector: { matchLabels: { "kubernetes.io/metadata.name": deliveries } } }],
            ports: [{ port: 8080, protocol: "TCP" }],
          },
        ],
      },
    },
  };
}
