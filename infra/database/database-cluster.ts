import * as kubernetes from "@pulumi/kubernetes";
import * as pulumi from "@pulumi/pulumi";
import * as random from "@pulumi/random";
import { refuseBesideData } from "../archive/empty-beside-archive.js";
import { serverNameOf } from "../archive/server-names.js";
import { backgroundDeletion } from "../background-deletion.js";
import type { KubernetesCluster } from "../cluster/kubernetes-cluster.js";
import { suffixOf } from "../names.js";
import type { Beginning } from "../settings/database-clusters.js";
import type { Settings } from "../settings/schema.js";
import type { BackupCredentials } from "../settings/secrets.js";
import type { Archive } from "./archive.js";
import { clusterSpec } from "./cluster-spec.js";
import { Pooler, poolerName } from "./pooler.js";

export interface DatabaseClusterArgs {
  readonly stack: string;
  readonly beginning: Beginning;
  readonly namespace: pulumi.Output<string>;
  readonly settings: Settings;
  /** The cluster that the database runs in. */
  readonly cluster: KubernetesCluster;
  readonly superuserSecret: pulumi.Input<string>;
  /** What signs the certificates of the servers. */
  readonly authority: { readonly secretName: pulumi.Input<string>; readonly generation: number };
  readonly archive: Archive | undefined;
  readonly queries: object | undefined;
  readonly backupCredentials: pulumi.Output<BackupCredentials> | undefined;
  /** Namespace of the workloads. */
  readonly workloads: string;
}

/** One database of a stack. Pods use one of them; the others are restored beside it, or were used before. */
export interface DatabaseCluster {
  readonly name: string;
  readonly beginning: Beginning;
  /** The CloudNativePG Cluster, when it is ready. Resources inside the database are deleted together with it. */
  readonly resource: kubernetes.apiextensions.CustomResource;
  /** Host that always leads to the current primary. */
  readonly primaryHost: pulumi.Output<string>;
  /** Host for reads: a pooler before the replicas. */
  readonly readHost: pulumi.Output<string>;
  /** Host of the instances that the pooler for reads leads to. */
  readonly replicaHost: pulumi.Output<string>;
  /** The part of an external cluster that is this database in the archive; undefined without backups. */
  readonly archived: object | undefined;
  /** Its folder in the archive, `s3://bucket/folder/server`; undefined without backups. */
  readonly archive: pulumi.Output<string> | undefined;
}

/** Makes a CloudNativePG Cluster with its pooler for reads and its schedule of backups. */
export function databaseCluster(
  name: string,
  args: DatabaseClusterArgs,
  options: pulumi.CustomResourceOptions & { readonly parent: pulumi.Resource },
): DatabaseCluster {
  const { archive, beginning, cluster, namespace, superuserSecret } = args;
  const { protect } = args.settings;
  const settings = args.settings.database;
  const suffix = suffixOf(name);
  // A database that was destroyed and created again is another one, which must not store into the folder of the first.
  const serverName =
    archive &&
    pulumi.interpolate`${serverNameOf(args.workloads, name)}${new random.RandomId(`incarnation${suffix}`, { byteLength: 4 }, options).hex}`;
  const resource = new kubernetes.apiextensions.CustomResource(
    `database${suffix}`,
    {
      apiVersion: "postgresql.cnpg.io/v1",
      kind: "Cluster",
      metadata: {
        name,
        namespace,
        annotations: {
          "pulumi.com/waitFor": "condition=Ready",
          "pulumi.com/timeoutSeconds": String(beginning === "empty" ? READY_SECONDS : RESTORED_SECONDS),
          // Older operators create instances for a Cluster that is being deleted. The deletion of the namespace waits
          // for these in any case.
          ...backgroundDeletion,
        },
      },
      spec: clusterSpec({
        settings,
        placement: cluster.databasePlacement,
        storageClass: settings.storageClass ?? cluster.storageClass,
        superuserSecret,
        queries: args.queries,
        archive: serverName && archive?.into(serverName),
        certificates: {
          authority: args.authority.secretName,
          names: [
            // The pooler presents the certificate of the instances.
            pulumi.interpolate`${poolerName(name, readsOf(settings))}.${namespace}.svc`,
            // A name that no client asks for: it changes with the authority.
            `authority-${args.authority.generation}`,
          ],
        },
        from:
          archive && typeof beginning === "object"
            ? { origin: beginning, externalCluster: archive.from(beginning) }
            : undefined,
      }),
      status: undefined,
    },
    {
      ...options,
      protect,
      ...(archive && serverName && { hooks: { beforeCreate: [guard(name, args, archive, serverName)] } }),
    },
  );
  const made = resource.metadata.name;
  const backups = settings.backups;
  if (archive && backups)
    scheduleBackups(`backups${suffix}`, { made, namespace, schedule: backups.schedule, archive }, options);

  // The pooler is for reads only. Writers need sessions of their own (COPY, advisory locks, statements outside of a
  // transaction), which a pooler in transaction mode does not provide. They are few and connect to the primary itself.
  // A single instance has no replica, so its reads go to the instance.
  const type = readsOf(settings);
  const pooler = new Pooler(
    `pooler-${type}${suffix}`,
    { namespace, cluster: name, made, type, settings: settings.pooler, zones: settings.zones },
    options,
  );
  return {
    name,
    beginning,
    resource,
    primaryHost: pulumi.interpolate`${made}-rw.${namespace}.svc`,
    readHost: pulumi.interpolate`${pooler.name}.${namespace}.svc`,
    replicaHost: pulumi.interpolate`${made}-${type}.${namespace}.svc`,
    archived: serverName && archive?.of(serverName),
    archive: archive && serverName && placeOf(archive, serverName),
  };
}

const placeOf = ({ destination }: Archive, serverName: pulumi.Output<string>): pulumi.Output<string> =>
  pulumi.all([destination, serverName]).apply(([place, server]) => `${place.replace(/\/*$/, "/")}${server}`);

const READY_SECONDS = 900;
/** A restore copies the whole database and replays WAL: 200 GB take hours. */
const RESTORED_SECONDS = 24 * 3600;

/** Which instances the host for reads leads to: replicas or any. */
export const readsOf = ({ instances }: Settings["database"]): "ro" | "r" => (instances > 1 ? "ro" : "r");

const guard = (name: string, args: DatabaseClusterArgs, archive: Archive, serverName: pulumi.Output<string>) =>
  refuseBesideData({
    stack: args.stack,
    cluster: name,
    beginning: args.beginning,
    destination: archive.destination,
    endpoint: args.settings.database.backups?.endpoint,
    keys: args.backupCredentials,
    workloads: args.workloads,
    serverName,
  });

function scheduleBackups(
  name: string,
  {
    archive,
    made,
    namespace,
    schedule,
  }: { made: pulumi.Output<string>; namespace: pulumi.Output<string>; schedule: string; archive: Archive },
  options: pulumi.CustomResourceOptions,
): void {
  new kubernetes.apiextensions.CustomResource(
    name,
    {
      apiVersion: "postgresql.cnpg.io/v1",
      kind: "ScheduledBackup",
      metadata: { name: made, namespace },
      spec: {
        cluster: { name: made },
        schedule,
        // A new database can be restored from its first hour on, and not only after its first night.
        immediate: true,
        backupOwnerReference: "cluster",
        ...archive.scheduledBackup,
      },
    },
    options,
  );
}
