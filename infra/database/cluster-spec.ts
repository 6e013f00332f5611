import type { Placement } from "../cluster/kubernetes-cluster.js";
import type { Origin } from "../settings/database-clusters.js";
import type { Settings } from "../settings/schema.js";
import { postgresParameters } from "./parameters.js";
import { shutdownLimits } from "./shutdown.js";

/** Name of the database. The roles that connect to it are made in infra/access. */
export const DATABASE = "ratesapp";
/** Role that owns the database and its tables. Only this role can run migrations. */
export const OWNER = "ratesapp_owner";
/** Name of the database in the archive, within the spec. */
const ORIGIN = "origin";
/** Shows which statements take the time. */
const STATISTICS = "CREATE EXTENSION IF NOT EXISTS pg_stat_statements";

export interface ClusterSpecArgs {
  readonly settings: Settings["database"];
  /** If undefined, the database may run on any node. */
  readonly placement: Placement | undefined;
  /** If undefined, the default of the cluster. */
  readonly storageClass: unknown;
  /** Secret with the superuser's password. */
  readonly superuserSecret: unknown;
  /** The part that describes where WAL and backups go; undefined if there is no archive. */
  readonly archive: object | undefined;
  /** The database in an archive that it is restored from; undefined for an empty one. */
  readonly from: Restored | undefined;
  readonly certificates: Certificates;
  /** The part of `monitoring` that names further queries; undefined without Prometheus. */
  readonly queries: object | undefined;
}

/** What a database is restored from. */
interface Restored {
  readonly origin: Pick<Origin, "backup" | "to">;
  readonly externalCluster: object;
  /** Secret with the name of the owner and the password that this role then gets; undefined to leave it alone. */
  readonly ownerSecret?: unknown;
}

/** With what the operator signs the certificates of the servers, and for which names. */
export interface Certificates {
  /** Name of the Secret of the authority. */
  readonly authority: unknown;
  /**
   * Names beside those of the Services of the instances, which the operator adds. It signs anew when a certificate is
   * about to end or when this list changes, but not when the authority does.
   */
  readonly names: readonly unknown[];
}

/** The spec of the CloudNativePG Cluster, with the reason for each choice. */
export function clusterSpec({
  archive,
  certificates,
  from,
  placement,
  queries,
  settings,
  storageClass,
  superuserSecret,
}: ClusterSpecArgs) {
  const volume = (size: string) => ({ size, ...(storageClass !== undefined && { storageClass }) });
  const size = { cpu: settings.cpu, memory: settings.memory };
  return {
    instances: settings.instances,
    imageName: settings.image,
    ...(from ? recovery(from) : initdb),
    // A started instance is noticed after at most two seconds instead of ten. It still has an hour to start, as by
    // default, because recovery from a long WAL may need this.
    probes: { startup: { periodSeconds: 2, failureThreshold: 1800 } },
    // The operator keeps the superuser's password equal to this Secret, also after a restore. By pg_hba below, the
    // superuser can log in only from inside the pod. A port-forward ends there, so users who may open one may
    // administer the database.
    enableSuperuserAccess: true,
    superuserSecret: { name: superuserSecret },
    certificates: {
      serverCASecret: certificates.authority,
      serverAltDNSNames: certificates.names,
    },

    postgresql: {
      parameters: postgresParameters(settings),
      pg_hba: [
        "host all postgres 127.0.0.1/32 scram-sha-256",
        "host all postgres ::1/128 scram-sha-256",
        "host all postgres all reject",
      ],
      // A commit is acknowledged when one of the replicas, whichever is first, has it too. With three instances, one
      // slow or lost replica delays no commit. `required`: if both replicas are lost, writes wait, so that they never
      // exist on one disk only. `failoverQuorum`: a replica is promoted only if enough replicas are reachable to be
      // sure that one of them has every acknowledged row.
      ...(settings.instances >= 3 && {
        synchronous: { method: "any", number: 1, dataDurability: "required", failoverQuorum: true },
      }),
    },

    // An update restarts the replicas first and then makes one of them the primary, which takes seconds without writes.
    // The default restarts the primary in place: writes would wait for its shutdown, its image and its recovery.
    primaryUpdateStrategy: "unsupervised",
    primaryUpdateMethod: "switchover",
    ...shutdownLimits(settings.memory),

    // WAL has a disk of its own. If a batch fills the data disk, Postgres can still write the WAL that it needs for a
    // clean shutdown. And the writes of the two do not wait for each other.
    storage: volume(settings.storage),
    walStorage: volume(settings.walStorage),
    // Requests that equal the limits make the pod Guaranteed. The kernel kills other pods first, and the kubelet evicts
    // other pods first.
    resources: { requests: size, limits: size },
    // The instances are spread over zones. Two pods of Postgres never share a node in any case.
    affinity: {
      enablePodAntiAffinity: true,
      podAntiAffinityType: settings.zones,
      topologyKey: "topology.kubernetes.io/zone",
      ...placement,
    },

    // Every instance has a slot for each replica, so that a new primary still has the WAL that the others need.
    replicationSlots: { highAvailability: { enabled: true } },
    // While one instance is drained, the others stay. With a single instance, a budget would block every drain for
    // ever.
    enablePDB: settings.instances > 1,
    // pod-monitors.ts makes the monitors, because the operator's own are deprecated.
    monitoring: { enablePodMonitor: false, ...queries },
    ...archive,
  };
}

const initdb = {
  bootstrap: {
    initdb: {
      database: DATABASE,
      owner: OWNER,
      dataChecksums: true,
      encoding: "UTF8",
      // Created here in each database. The operator would create it later, on the running primary. The first replica
      // would then wait half a minute for a checkpoint, which writes page by page.
      postInitSQL: [STATISTICS],
      postInitTemplateSQL: [STATISTICS],
      postInitApplicationSQL: [STATISTICS],
    },
  },
};

function recovery({ externalCluster, origin, ownerSecret }: Restored) {
  const { backup, to } = origin;
  return {
    bootstrap: {
      recovery: {
        source: ORIGIN,
        database: DATABASE,
        owner: OWNER,
        ...(ownerSecret !== undefined && { secret: { name: ownerSecret } }),
        ...(to !== undefined && { recoveryTarget: { targetTime: to } }),
        // `targetImmediate`: not to the end of the WAL, but as the database was at the end of the backup.
        ...(backup !== undefined && { recoveryTarget: { backupID: backup, targetImmediate: true } }),
      },
    },
    externalClusters: [{ name: ORIGIN, ...externalCluster }],
  };
}
