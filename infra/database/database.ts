import * as kubernetes from "@pulumi/kubernetes";
import * as pulumi from "@pulumi/pulumi";
import * as random from "@pulumi/random";
import { backgroundDeletion } from "../background-deletion.js";
import type { KubernetesCluster } from "../cluster/kubernetes-cluster.js";
import type { Names } from "../names.js";
import type { DnsServers } from "../network/peers.js";
import { RESTRICTED } from "../network/pod-security.js";
import type { Settings } from "../settings/schema.js";
import type { BackupCredentials } from "../settings/secrets.js";
import { type ArchiveSpecs, archiveOf } from "./archive.js";
import { clusterSpec } from "./cluster-spec.js";
import { databaseNetworkPolicies } from "./network-policies.js";
import { podMonitors } from "./pod-monitors.js";
import { Pooler, poolerName } from "./pooler.js";
import { ServerAuthorities } from "./server-authorities.js";

export interface DatabaseArgs {
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

/** Postgres, run by CloudNativePG: instances in several zones, poolers before them, and an archive. */
export class Database extends pulumi.ComponentResource {
  /** The CloudNativePG Cluster, when it is ready. Resources inside the database are deleted together with it. */
  readonly resource: kubernetes.apiextensions.CustomResource;
  readonly namespace: pulumi.Output<string>;
  readonly superuserPassword: pulumi.Output<string>;
  /** Host that always leads to the current primary. */
  readonly primaryHost: pulumi.Output<string>;
  /** Host for reads: a pooler before the replicas. */
  readonly readHost: pulumi.Output<string>;
  /** Which instances the host for reads leads to: replicas or any. The host changes together with this. */
  readonly reads: "ro" | "r";
  /** PEM of the certificate authorities whose signature proves that a server is this database. */
  readonly authorities: pulumi.Output<string>;
  /** State of the database as the operator reports it. */
  readonly state: pulumi.Output<string>;

  constructor(name: string, args: DatabaseArgs, options: pulumi.ComponentResourceOptions) {
    super("ratesapp:database:Database", name, {}, options);
    const { cluster, names } = args;
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
    const { backups } = settings;
    this.#closeNetwork(args);

    // The pooler is for reads only. Writers need sessions of their own (COPY, advisory locks, statements outside of a
    // transaction), which a pooler in transaction mode does not provide. They are few and connect to the primary
    // itself. A single instance has no replica, so its reads go to the instance.
    const type = settings.instances > 1 ? "ro" : "r";
    this.reads = type;
    const generation = args.settings.access.authorityGeneration;
    const authorities = new ServerAuthorities(
      "server-ca",
      { namespace: this.namespace, cluster: names.databaseCluster, generation },
      { parent: this },
    );
    this.authorities = authorities.trusted;

    const storageClass = settings.storageClass ?? cluster.storageClass;
    this.resource = new kubernetes.apiextensions.CustomResource(
      name,
      {
        apiVersion: "postgresql.cnpg.io/v1",
        kind: "Cluster",
        metadata: {
          name: names.databaseCluster,
          namespace: this.namespace,
          annotations: {
            "pulumi.com/waitFor": "condition=Ready",
            "pulumi.com/timeoutSeconds": "900",
            // Older operators create instances for a Cluster that is being deleted. The deletion of the namespace waits
            // for these in any case.
            ...backgroundDeletion,
          },
        },
        spec: clusterSpec({
          settings,
          placement: cluster.databasePlacement,
          storageClass,
          superuserSecret: this.#superuserSecret(`${names.databaseCluster}-admin`),
          archive: archive?.cluster,
          certificates: {
            authority: authorities.secretName,
            generation,
            poolerHost: pulumi.interpolate`${poolerName(type)}.${this.namespace}.svc`,
          },
        }),
        status: undefined,
      },
      { parent: this, protect },
    );
    this.state = stateOf(this.resource);
    const cnpgCluster = this.resource.metadata.name;

    if (archive && backups) this.#scheduleBackups(cnpgCluster, backups.schedule, archive);

    const pooler = new Pooler(
      `pooler-${type}`,
      { namespace: this.namespace, cluster: cnpgCluster, type, settings: settings.pooler, zones: settings.zones },
      { parent: this },
    );
    this.primaryHost = pulumi.interpolate`${cnpgCluster}-rw.${this.namespace}.svc`;
    this.readHost = pulumi.interpolate`${pooler.name}.${this.namespace}.svc`;

    if (platform.prometheus !== "absent") podMonitors(this.namespace, names.databaseCluster, { parent: this });
    this.registerOutputs();
  }

  #closeNetwork({ apiWrites, dns, names, settings }: DatabaseArgs): void {
    const { backups } = settings.database;
    databaseNetworkPolicies(
      {
        namespace: this.namespace,
        cluster: names.databaseCluster,
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

  #superuserSecret(name: string): pulumi.Output<string> {
    return new kubernetes.core.v1.Secret(
      "superuser",
      {
        metadata: {
          name,
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

  #scheduleBackups(cluster: pulumi.Output<string>, schedule: string, archive: ArchiveSpecs): void {
    new kubernetes.apiextensions.CustomResource(
      "backups",
      {
        apiVersion: "postgresql.cnpg.io/v1",
        kind: "ScheduledBackup",
        metadata: { name: cluster, namespace: this.namespace },
        spec: {
          cluster: { name: cluster },
          schedule,
          // A new database can be restored from its first hour on, and not only after its first night.
          immediate: true,
          backupOwnerReference: "cluster",
          ...archive.scheduledBackup,
        },
      },
      { parent: this },
    );
  }

  #archive({ backupCredentials, cluster, names, settings }: DatabaseArgs): ArchiveSpecs | undefined {
    const { backups } = settings.database;
    const destination = backups?.destination ?? cluster.archive?.destination;
    if (!backups || !destination) return undefined;
    // A stack that was destroyed and created again has another database, which would refuse to start with the folder of
    // the first.
    const incarnation = new random.RandomId("incarnation", { byteLength: 4 }, { parent: this });
    return archiveOf(
      {
        ...backups,
        namespace: this.namespace,
        cluster: names.databaseCluster,
        destination,
        keys: backupCredentials,
        serverName: pulumi.interpolate`${names.workloads}-${incarnation.hex}`,
      },
      { parent: this },
    );
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
