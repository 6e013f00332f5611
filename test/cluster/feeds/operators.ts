import { readFileSync } from "node:fs";
import { pino } from "pino";
import { Database } from "../../../app/database/database.js";
import { openPool } from "../../../app/database/pool.js";
import type { IngestDefaults } from "../../../app/operator/desired/ingest-defaults.js";
import type { Feed } from "../../../app/operator/feed/feed.js";
import type { GivenFeedSpec } from "../../../app/operator/feed/feed-spec.js";
import { type KubernetesApi, resources } from "../../../app/operator/kubernetes/kubernetes-api.js";
import type { KubernetesObject } from "../../../app/operator/kubernetes/objects.js";
import { openKubernetes } from "../../../app/operator/kubernetes/open-kubernetes.js";
import { MANAGER, Operator } from "../../../app/operator/operator.js";
import { Health } from "../../../app/telemetry/health.js";
import { kubectl } from "../kubectl.js";

// The operator against a real API server and a real Postgres, both reached from here; what it runs in pods is tried
// with the stack.

const DEFINITION = new URL("../../../charts/ratesapp/crds/feeds.yaml", import.meta.url);

/** Of an image that no registry has: what is tried here is not what its pods do. */
export const defaults: IngestDefaults = {
  name: "ratesapp",
  labels: {
    "app.kubernetes.io/name": "ratesapp",
    "app.kubernetes.io/instance": "ratesapp",
    "app.kubernetes.io/component": "ingest",
  },
  pod: { spec: { containers: [{ name: "ingest", image: "ratesapp.example/absent:1" }] } },
  secretNames: [],
  addressFamilies: ["ipv4"],
};

/** Makes the definition and an empty namespace. @returns what tests reach it by. */
export async function feedsNamespace(name: string): Promise<KubernetesApi> {
  await kubectl(["apply", "--server-side", "--force-conflicts", "-f", "-"], {
    input: readFileSync(DEFINITION, "utf8"),
  });
  await kubectl(["wait", "--for=condition=Established", "crd/feeds.feeds.ratesapp.dev", "--timeout=30s"]);
  await kubectl(["delete", "namespace", name, "--ignore-not-found"]);
  await kubectl(["create", "namespace", name]);
  made.add(name);
  return openKubernetes("test", name);
}

const made = new Set<string>();

/** Deletes all namespaces that were made here, and does not wait for their end. */
export async function deleteNamespaces(): Promise<void> {
  if (made.size > 0) await kubectl(["delete", "namespace", ...made, "--ignore-not-found", "--wait=false"]);
  made.clear();
}

export interface RunningOperator {
  /** Ends it as SIGTERM does. */
  stop(): Promise<void>;
  readonly health: Health;
  /** What it logged. */
  readonly lines: readonly string[];
}

/** Starts an operator in this process. @param databaseUrl may be one that does not answer. */
export function startOperator(
  namespace: string,
  databaseUrl: string,
  given: Partial<IngestDefaults> = {},
): RunningOperator {
  const stopping = new AbortController();
  const pool = openPool({ url: databaseUrl, size: 3, applicationName: "ratesapp operator", statementTimeoutMs: 0 });
  const health = new Health();
  const lines: string[] = [];
  const operator = new Operator({
    api: openKubernetes(MANAGER, namespace),
    defaults: { ...defaults, ...given },
    database: new Database(pool),
    health,
    log: pino({ level: "info" }, { write: (line) => void lines.push(line) }),
    retractableDays: 30,
  });
  const done = operator.run(stopping.signal);
  return {
    health,
    lines,
    async stop() {
      stopping.abort();
      await done;
      await pool.end();
    },
  };
}

/** A Feed that never runs by itself. */
export const feed = (name: string, spec: object = {}): KubernetesObject & { spec: GivenFeedSpec } => ({
  apiVersion: "feeds.ratesapp.dev/v1",
  kind: "Feed",
  metadata: { name },
  spec: { schedule: "0 0 1 1 *", source: "https://prices.example/today.csv", ...spec },
});

export const applyFeed = (api: KubernetesApi, name: string, spec: Partial<GivenFeedSpec> = {}): Promise<Feed> =>
  api.apply(resources.feeds, feed(name, spec)) as unknown as Promise<Feed>;

export const readFeed = (api: KubernetesApi, name: string): Promise<Feed> => api.get<Feed>(resources.feeds, name);

/** A condition of a Feed, such as `Ready=True Scheduled`. */
export function condition({ status }: Feed, type: string): string {
  const found = status?.conditions?.find((one) => one.type === type);
  return `${type}=${found?.status} ${found?.reason}`;
}

/** Reasons of the Events about a Feed. */
export async function eventsOf(api: KubernetesApi, name: string): Promise<string[]> {
  type Event = KubernetesObject & { regarding: { name: string }; reason: string };
  const { items } = await api.list<Event>(resources.events);
  return items.filter(({ regarding }) => regarding.name === name).map(({ reason }) => reason);
}
