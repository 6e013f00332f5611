import * as kubernetes from "@pulumi/kubernetes";
import * as pulumi from "@pulumi/pulumi";
import * as random from "@pulumi/random";
import type { KubernetesCluster } from "../cluster/kubernetes-cluster.js";
import type { Names } from "../names.js";
import type { DnsServers } from "../network/peers.js";
import { RESTRICTED } from "../network/pod-security.js";
import type { Settings } from "../settings/schema.js";
import type { BackupCredentials } from "../settings/secrets.js";
import { type Archive, archiveOf } from "./archive.js";
import { type DatabaseCluster, databaseCluster } from "./database-cluster.js";
import { monitoringQueries } from "./monitoring-queries.js";
import { databaseNetworkPolicies } from "./network-policies.js";
import { podMonitors } from "./pod-monitors.js";
import { ServerAuthorities } from "./server-authorities.js";

export interface DatabaseArgs {
  readonly stack: string;
  readonly names: Names;
  readonly settings: Settings;
  /** The cluster that the database runs in. */
  readonly cluster: KubernetesCluster;
  readonly dns: DnsServers;
  /** True if API pods write. */
  readonly apiWrites: boolean;
  /** Keys for the archive, if it needs any. */
  readonly backupCredentials: pulumi.Output<BackupCredentials> | undefined;
}

/**
 * Postgres, run by CloudNativePG: instances in several zones, poolers before them, and an archive. There is one
 * database, and others while one is restored beside it.
 */
export class Database extends pulumi.ComponentResource {
  readonly namespace: pulumi.Output<string>;
  /** Of all databases. */
  readonly superuserPassword: pulumi.Output<string>;
  readonly clusters: readonly DatabaseCluster[];
  /** The one that pods use. */
  readonly serving: DatabaseCluster;
  /** Name of the Secret with that password. */
  readonly superuserSecret: pulumi.Output<string>;
  /** Name of the Secret of the authority that signs the servers' certificates. */
  readonly authoritySecret: pulumi.Output<string>;
  /** PEM of the certificate authorities whose signature proves that a server is a database of this stack. */
  readonly authorities: pulumi.Output<string>;
  /** State of the database as the operator reports it. */
  readonly state: pulumi.Output<string>;

  constructor(name: string, args: DatabaseArgs, options: pulumi.ComponentResourceOptions) {
    super("ratesapp:database:Database", name, {}, options);
    const { backupCredentials, cluster, names, stack } = args;
    const { platform, protect } = args.settings;
    const settings = args.settings.database;

    const namespace = new kubernetes.core.v1.Namespace(
      "database",
      {
        metadata: {
          name: names.database,
          labels: { "app.kubernetes.io/part-of": "ratesapp", ...RESTRICTED },
        },
      },
      { parent: this, protect },
    );
    this.namespace = namespace.metadata.name;

    const password = new random.RandomPassword("superuser", { length: 32, special: false }, { parent: this });
    this.superuserPassword = password.result;
    const archive = this.#archive(args);
    this.#closeNetwork(args);
    const generation = args.settings.access.authorityGeneration;
    const authorities = new ServerAuthorities("server-ca", { namespace: this.namespace, generation }, { parent: this });
    this.authorities = authorities.trusted;
    this.authoritySecret = authorities.secretName;
    this.superuserSecret = this.#makeSuperuserSecret();
    const monitored = platform.prometheus !== "absent";
    const queries = monitored ? monitoringQueries(this.namespace, { parent: this }) : undefined;
    this.clusters = Object.entries(settings.clusters).map(([clusterName, beginning]) =>
      databaseCluster(
        clusterName,
        {
          stack,
          beginning,
          namespace: this.namespace,
          settings: args.settings,
          cluster,
          superuserSecret: this.superuserSecret,
          authority: { secretName: this.authoritySecret, generation },
          archive,
          queries,
          backupCredentials,
          workloads: names.workloads,
        },
        { parent: this },
      ),
    );
    const serving = this.clusters.find((one) => one.name === settings.serving);
    if (!serving) throw new Error(`there is no database ${settings.serving}`);
    this.serving = serving;
    this.state = stateOf(serving.resource);
    if (monitored) podMonitors(this.namespace, { parent: this });
    this.registerOutputs();
  }

  #closeNetwork({ apiWrites, dns, names, settings }: DatabaseArgs): void {
    const { backups } = settings.database;
    databaseNetworkPolicies(
      {
        namespace: this.namespace,
        workloads: names.workloads,
        dns,
        apiWrites,
        addressFamilies: settings.cluster.addressFamilies,
        apiServerPorts: settings.cluster.apiServerPorts,
        operator: settings.platform.cloudnativePgNamespace,
        archivePort: backups && portOf(backups.endpoint),
        podIdentity: backups?.credentials === "identity",
      },
      { parent: this },
    );
  }

  #makeSuperuserSecret(): pulumi.Output<string> {
    return new kubernetes.core.v1.Secret(
      "superuser",
      {
        metadata: {
          name: "ratesapp-admin",
          namespace: this.namespace,
          // Makes the operator read the Secret again when the password changes.
          labels: { "cnpg.io/reload": "true" },
        },
        type: "kubernetes.io/basic-auth",
        stringData: { username: "postgres", password: this.superuserPassword },
      },
      { parent: this },
    ).metadata.name;
  }

  #archive({ backupCredentials, cluster, settings }: DatabaseArgs): Archive | undefined {
    const { backups } = settings.database;
    const destination = backups?.destination ?? cluster.archive?.destination;
    if (!backups || !destination) return undefined;
    return archiveOf({ ...backups, namespace: this.namespace, destination, keys: backupCredentials }, { parent: this });
  }
}

function portOf(endpoint: string | undefined): number {
  if (endpoint === undefined) return 443;
  const { port, protocol } = new URL(endpoint);
  return port ? Number(port) : protocol === "https:" ? 443 : 80;
}

/** `Cluster in healthy state, 3 of 3 ready, primary ratesapp-1`, as it was when the stack was last applied. */
function stateOf(resource: kubernetes.apiextensions.CustomResource): pulumi.Output<string> {
  const { status } = resource as unknown as {
    status: pulumi.Output<
      { phase?: string; readyInstances?: number; instances?: number; currentPrimary?: string } | undefined
    >;
  };
  return pulumi
    .output(status)
    .apply((now) =>
      now?.phase
        ? `${now.phase}, ${now.readyInstances ?? 0} of ${now.instances ?? 0} ready, primary ${now.currentPrimary ?? "unknown"}`
        : "unknown",
    );
}
