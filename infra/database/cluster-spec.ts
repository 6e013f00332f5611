import type { Placement } from "../cluster/kubernetes-cluster.js";
import type { Settings } from "../settings/schema.js";
import type { ArchiveSpecs } from "./archive.js";
import { postgresParameters } from "./parameters.js";

/** Database and its owner; the roles that connect are made in ../access. */
export const DATABASE = "ratesapp";
/** Role that owns the database and its tables, and so the only one that can migrate it. */
export const OWNER = "ratesapp_owner";
/** Which statements take the time. */
const STATISTICS = "CREATE EXTENSION IF NOT EXISTS pg_stat_statements";

export interface ClusterSpecArgs {
  readonly settings: Settings["database"];
  /** Undefined: on any node. */
  readonly placement: Placement | undefined;
  /** Undefined: the cluster's default. */
  readonly storageClass: unknown;
  /** Secret with the superuser's password. */
  readonly superuserSecret: unknown;
  readonly archive: ArchiveSpecs["cluster"] | undefined;
}

/** The spec of CloudNativePG's Cluster, each choice with its reason. */
export function clusterSpec({ archive, placement, settings, storageClass, superuserSecret }: ClusterSpecArgs) {
  const volume = (size: string) => ({ size, ...(storageClass !== undefined && { storageClass }) });
  const size = { cpu: settings.cpu, memory: settings.memory };
  return {
    instances: settings.instances,
    imageName: settings.image,
    bootstrap: {
      initdb: {
        database: DATABASE,
        owner: OWNER,
        dataChecksums: true,
        encoding: "UTF8",
        // In each database. The operator would make it on the running primary; the first replica would then wait half a
        // minute for the checkpoint that writes it, page by page.
        postInitSQL: [STATISTICS],
        postInitTemplateSQL: [STATISTICS],
        postInitApplicationSQL: [STATISTICS],
      },
    },
    // Seen soon after it is up, rather than up to ten seconds later; it still has the hour that it has by default,
    // which recovery from a long WAL may take.
    probes: { startup: { periodSeconds: 2, failureThreshold: 1800 } },
    // The operator keeps the superuser's password equal to this Secret, after a restore too. pg_hba below lets the
    // superuser in from inside the pod alone, which is where a port-forward comes out: who may forward may administer.
    enableSuperuserAccess: true,
    superuserSecret: { name: superuserSecret },

    postgresql: {
      parameters: postgresParameters(settings),
      pg_hba: [
        "host all postgres 127.0.0.1/32 scram-sha-256",
        "host all postgres ::1/128 scram-sha-256",
        "host all postgres all reject",
      ],
      // A commit is acknowledged when one of the replicas, whichever is first, has it too; with three instances a slow
      // or lost one holds up no commit. `required`: with both replicas gone, writes wait rather than stand on one disk.
      // And a replica is promoted only when enough of them are seen to be sure that one has every acknowledged row.
      ...(settings.instances >= 3 && {
        synchronous: { method: "any", number: 1, dataDurability: "required", failoverQuorum: true },
      }),
    },

    // An update replaces replicas first and then hands the primary over to one of them: seconds without writes.
    // Restarting the primary in place, the default, waits for its shutdown, its image and its recovery.
    primaryUpdateStrategy: "unsupervised",
    primaryUpdateMethod: "switchover",
    // The defaults give a primary an hour to shut down before a replica takes over, and any instance half an hour.
    // Postgres needs a checkpoint; connections are asked to leave for five seconds and then told to.
    switchoverDelay: 30,
    smartShutdownTimeout: 5,
    stopDelay: 60,

    // WAL on a disk of its own: a batch that fills the data volume still commits what it must to shut down cleanly, and
    // writes of the two do not queue behind each other.
    storage: volume(settings.storage),
    walStorage: volume(settings.walStorage),
    // Requests equal to limits make the pod Guaranteed: the kernel kills, and the kubelet evicts, every other kind
    // first.
    resources: { requests: size, limits: size },
    // One zone, one instance. Pods of Postgres never share a node in any case.
    affinity: {
      enablePodAntiAffinity: true,
      podAntiAffinityType: settings.zones,
      topologyKey: "topology.kubernetes.io/zone",
      ...placement,
    },

    // A slot for each replica on every instance, so that a new primary still has the WAL that the others need.
    replicationSlots: { highAvailability: { enabled: true } },
    // While one is drained the others stay; with one instance alone a budget would block every drain for ever.
    enablePDB: settings.instances > 1,
    // Ours is in pod-monitors.ts; the operator's is deprecated.
    monitoring: { enablePodMonitor: false },
    ...archive,
  };
}
