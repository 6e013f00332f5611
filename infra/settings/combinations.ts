import { mostConnections } from "../database/parameters.js";
import { namespaces } from "../platform/releases.js";
import { instanceConnections, poolerClients } from "./connections.js";
import type { Settings } from "./schema.js";

/** The secret settings that the stack has. */
export interface GivenSecrets {
  readonly alarmReceivers: boolean;
  readonly backupCredentials: boolean;
  /** Names of feeds. */
  readonly feedCredentials: readonly string[];
  /** If true, API pods have write operations. */
  readonly writeTokens: boolean;
}

/** A key below `ratesapp:` and what is wrong with it. */
export type Mistake = readonly [key: string, reason: string];

/** Finds mistakes in values that are each allowed but do not fit together. */
export function impossibleCombinations(settings: Settings, secrets: GivenSecrets): Mistake[] {
  return [
    ...clusterMistakes(settings),
    ...platformMistakes(settings, secrets),
    ...databaseMistakes(settings),
    ...connectionMistakes(settings, secrets),
    ...clustersMistakes(settings),
    ...backupMistakes(settings, secrets),
    ...workloadMistakes(settings, secrets),
    ...deliveryMistakes(settings),
  ];
}

function* clusterMistakes({ cluster, environment }: Settings): Generator<Mistake> {
  if (cluster.context && cluster.eks) yield ["cluster", "context and eks are both set; keep one"];
  if (cluster.eks && environment === "prod") yield* productionEksMistakes(cluster.eks);
  if (cluster.eks && cluster.addressFamilies.includes("ipv6")) {
    yield ["cluster.addressFamilies", "is ipv4 on EKS as the program makes it"];
  }
  if (environment !== "sandbox" && !cluster.context && !cluster.eks) {
    yield ["cluster", `${environment} needs a context or eks, or it would land on whatever cluster you last used`];
  }
}

/** What production must say, because no default is right for it. */
function* productionEksMistakes(eks: NonNullable<Settings["cluster"]["eks"]>): Generator<Mistake> {
  if (!eks.accountId)
    yield ["cluster.eks.accountId", "is missing; prod names its account, so that it lands in no other"];
  if (!eks.publicAccessCidrs) {
    yield [
      "cluster.eks.publicAccessCidrs",
      "is missing; name the addresses from which people and pipelines reach the API server, or [] for none",
    ];
  }
  if (eks.publicAccessCidrs?.some((cidr) => cidr.endsWith("/0"))) {
    yield ["cluster.eks.publicAccessCidrs", "opens the API server of prod to every address"];
  }
  if (eks.adminRoleArns.length === 0) {
    yield [
      "cluster.eks.adminRoleArns",
      "is empty; without the role that made the cluster, it could not be administered any more",
    ];
  }
}

function* platformMistakes({ platform }: Settings, { alarmReceivers }: GivenSecrets): Generator<Mistake> {
  if (alarmReceivers && platform.prometheus === "absent") {
    yield ["alarmReceivers", "need platform.prometheus, which raises the alarms"];
  }
  if (platform.cloudnativePg === "install" && platform.cloudnativePgNamespace !== namespaces.cloudnativePg) {
    yield ["platform.cloudnativePgNamespace", `is ${namespaces.cloudnativePg} where the program installs the operator`];
  }
  const needed = platform.barmanPlugin !== "absent" && platform.barmanPlugin !== "present";
  if (needed && platform.certManager === "absent") {
    yield ["platform.certManager", "is absent, but the Barman Cloud plugin gets its certificates from it"];
  }
}

function* databaseMistakes({ database, environment }: Settings): Generator<Mistake> {
  const { instances, maxConnections, memory, zones } = database;
  if (environment !== "sandbox" && instances < 3) {
    yield [
      "database.instances",
      `${instances} cannot lose a zone and keep every acknowledged row; ${environment} needs 3`,
    ];
  }
  if (zones === "required" && instances > 3) {
    yield [
      "database.instances",
      `${instances} do not fit into three zones one by one; set database.zones to preferred`,
    ];
  }
  if (maxConnections > mostConnections(memory)) {
    yield [
      "database.maxConnections",
      `${maxConnections} sessions take more than half of ${memory}; ${mostConnections(memory)} is the most`,
    ];
  }
}

function* connectionMistakes(settings: Settings, { writeTokens }: GivenSecrets): Generator<Mistake> {
  const { maxConnections, pooler } = settings.database;
  const terms = instanceConnections(settings, writeTokens);
  const needed = terms.reduce((sum, { count }) => sum + count, 0);
  if (needed > maxConnections) {
    const list = terms.map(({ count, of }) => `${count} of ${of}`).join(", ");
    yield ["database.maxConnections", `${maxConnections} is less than the ${needed} that may be open at once: ${list}`];
  }
  // Counts without one of the poolers, which may be lost or in replacement.
  const poolers = Math.max(1, pooler.instances - 1);
  const clients = poolerClients(settings);
  if (clients.count > pooler.clients * poolers) {
    yield [
      "database.pooler.clients",
      `${pooler.clients} in ${poolers} of the ${pooler.instances} poolers are less than the ${clients.count} of ${clients.of}`,
    ];
  }
}

function* clustersMistakes({ database: { backups, clusters, serving } }: Settings): Generator<Mistake> {
  const names = Object.keys(clusters);
  if (!names.includes(serving))
    yield ["database.serving", `${serving} is none of database.clusters: ${names.join(", ")}`];
  for (const [name, beginning] of Object.entries(clusters)) {
    if (typeof beginning === "string") continue;
    if (!backups) yield [`database.clusters.${name}`, "comes from an archive, which needs database.backups"];
    if (beginning.to && beginning.backup) yield [`database.clusters.${name}`, "to and backup are both set; keep one"];
  }
}

function* backupMistakes(
  { cluster, database, environment, platform }: Settings,
  secrets: GivenSecrets,
): Generator<Mistake> {
  const { backups } = database;
  if (!backups) {
    if (environment === "prod") yield ["database.backups", "prod needs backups"];
    return;
  }
  if (!backups.destination && !cluster.eks)
    yield ["database.backups.destination", "is needed where the program makes no bucket"];
  if (backups.destination && cluster.eks)
    yield ["database.backups.destination", "is made by the program on EKS; leave it out"];
  if (backups.method === "plugin" && platform.barmanPlugin === "absent") {
    yield ["database.backups.method", "plugin needs platform.barmanPlugin"];
  }
  if (backups.credentials === "secret" && !secrets.backupCredentials) {
    yield [
      "backupCredentials",
      "is needed by database.backups.credentials: secret; set accessKeyId and secretAccessKey with --secret",
    ];
  }
  if (backups.credentials === "identity" && backups.endpoint) {
    yield ["database.backups.credentials", "identity is for AWS; an endpoint of your own needs secret"];
  }
}

function* workloadMistakes({ api, environment, feeds, places }: Settings, secrets: GivenSecrets): Generator<Mistake> {
  if (api.minReplicas > api.maxReplicas) {
    yield ["api.minReplicas", `${api.minReplicas} is more than api.maxReplicas, ${api.maxReplicas}`];
  }
  if (environment !== "sandbox" && api.minReplicas < 2) {
    yield [
      "api.minReplicas",
      `${api.minReplicas} has no second pod while the first is replaced; ${environment} needs 2`,
    ];
  }
  if (Object.keys(feeds).length > 0 && !places) {
    yield ["places", "is missing, and a price of an unknown port is a bad line; name the files, or say by-hand"];
  }
  for (const name of secrets.feedCredentials) {
    if (!feeds[name]) yield [`feedCredentials.${name}`, "there is no such feed"];
    else if (feeds[name].credentialsSecretName) {
      yield [`feedCredentials.${name}`, "the feed names a Secret of its own in credentialsSecretName; keep one"];
    }
  }
}

function* deliveryMistakes({ delivery: { strategy }, platform }: Settings): Generator<Mistake> {
  if (strategy === "rolling") return;
  if (platform.argoRollouts === "absent") {
    yield ["delivery.strategy", `${strategy} is done by Argo Rollouts; set platform.argoRollouts, or deliver rolling`];
  }
  if (platform.prometheus === "absent") {
    yield ["delivery.strategy", `${strategy} is checked by Prometheus; set platform.prometheus, or deliver rolling`];
  }
}
