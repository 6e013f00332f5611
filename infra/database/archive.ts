import * as kubernetes from "@pulumi/kubernetes";
import * as pulumi from "@pulumi/pulumi";
import type { Origin } from "../settings/database-clusters.js";
import type { Settings } from "../settings/schema.js";
import type { BackupCredentials } from "../settings/secrets.js";

type Backups = NonNullable<Settings["database"]["backups"]>;

export interface ArchiveArgs
  extends Pick<
    Backups,
    "compression" | "cpu" | "credentials" | "encryption" | "endpoint" | "memory" | "method" | "retentionDays"
  > {
  readonly namespace: pulumi.Input<string>;
  readonly destination: pulumi.Input<string>;
  /** Keys for the object store, if `credentials` is `secret`. */
  readonly keys: pulumi.Output<BackupCredentials> | undefined;
}

/** Where the databases of a stack store WAL and base backups. Each has a folder of its own, its server name. */
export interface Archive {
  readonly destination: pulumi.Input<string>;
  /** The part of a CloudNativePG Cluster that makes it store into a folder. */
  into(serverName: pulumi.Input<string>): object;
  /** The part of an external cluster that is the database of a folder. */
  of(serverName: pulumi.Input<string>): object;
  /** The part of an external cluster that is a database in the archive, or in another archive of the same store. */
  from(origin: Origin): object;
  /** The part of a ScheduledBackup. */
  readonly scheduledBackup: { readonly method: string; readonly pluginConfiguration?: { readonly name: string } };
}

const PLUGIN = "barman-cloud.cloudnative-pg.io";
const NAME = "ratesapp-archive";

/**
 * Stores WAL and base backups through the Barman Cloud plugin, or through the support that is built into CloudNativePG
 * up to 1.30.
 */
export function archiveOf(args: ArchiveArgs, options: pulumi.CustomResourceOptions): Archive {
  const { compression, destination, encryption, endpoint, method, namespace, retentionDays } = args;
  const encrypted = encryption && { encryption };
  const store = {
    destinationPath: destination,
    ...(endpoint && { endpointURL: endpoint }),
    s3Credentials: s3Credentials(args, options),
    // One file at a time. With more, a replica that looks for the next WAL starts a Python for each file that might
    // follow too, of which none exists: seconds of the sidecar's CPU, while a new primary waits for this replica before
    // it can commit. The archiver gains nothing from more either, because the CPU limits it.
    wal: { compression: "zstd", maxParallel: 1, ...encrypted },
    data: { ...(compression !== "none" && { compression }), jobs: 2, ...encrypted },
  };
  const retentionPolicy = `${retentionDays}d`;
  if (method === "in-tree") {
    return {
      destination,
      // Backups are taken from a replica, so that the disk and CPU of the primary stay free for writes.
      into: (serverName) => ({
        backup: { target: "prefer-standby", retentionPolicy, barmanObjectStore: { ...store, serverName } },
      }),
      of: (serverName) => ({ barmanObjectStore: { ...store, serverName } }),
      from: ({ destination: other, server }) => ({
        barmanObjectStore: { ...store, ...(other && { destinationPath: other }), serverName: server },
      }),
      scheduledBackup: { method: "barmanObjectStore" },
    };
  }
  const size = { cpu: args.cpu, memory: args.memory };
  const objectStore = (name: string, kubernetesName: string, configuration: object) =>
    new kubernetes.apiextensions.CustomResource(
      name,
      {
        apiVersion: "barmancloud.cnpg.io/v1",
        kind: "ObjectStore",
        metadata: { name: kubernetesName, namespace },
        // Requests equal limits, like those of the instance. One container without this would make the whole pod a
        // candidate for early eviction.
        spec: {
          retentionPolicy,
          configuration,
          instanceSidecarConfiguration: { resources: { requests: size, limits: size } },
        },
      },
      options,
    ).metadata.name;
  const own = objectStore("archive", NAME, store);
  const from = (barmanObjectName: pulumi.Input<string>, serverName: pulumi.Input<string>) => ({
    plugin: { name: PLUGIN, parameters: { barmanObjectName, serverName } },
  });
  return {
    destination,
    into: (serverName) => ({
      backup: { target: "prefer-standby" },
      plugins: [{ name: PLUGIN, isWALArchiver: true, parameters: { barmanObjectName: own, serverName } }],
    }),
    of: (serverName) => from(own, serverName),
    from: ({ destination: other, server }) =>
      from(
        other ? objectStore(`archive-of-${server}`, `of-${server}`, { ...store, destinationPath: other }) : own,
        server,
      ),
    scheduledBackup: { method: "plugin", pluginConfiguration: { name: PLUGIN } },
  };
}

function s3Credentials({ credentials, keys, namespace }: ArchiveArgs, options: pulumi.CustomResourceOptions) {
  if (credentials === "identity") return { inheritFromIAMRole: true };
  const secret = new kubernetes.core.v1.Secret(
    "archive",
    {
      metadata: { name: NAME, namespace },
      stringData: pulumi
        .secret(keys)
        .apply((given) => ({ id: given?.accessKeyId ?? "", key: given?.secretAccessKey ?? "" })),
    },
    options,
  );
  const reference = (key: string) => ({ name: secret.metadata.name, key });
  return { accessKeyId: reference("id"), secretAccessKey: reference("key") };
}
