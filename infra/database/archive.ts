import * as kubernetes from "@pulumi/kubernetes";
import * as pulumi from "@pulumi/pulumi";
import type { Settings } from "../settings/schema.js";
import type { BackupCredentials } from "../settings/secrets.js";

type Backups = NonNullable<Settings["database"]["backups"]>;

export interface ArchiveArgs extends Pick<Backups, "credentials" | "endpoint" | "method" | "retentionDays"> {
  readonly namespace: pulumi.Input<string>;
  /** Name of the database's CloudNativePG Cluster. The archive is named after it. */
  readonly cluster: string;
  readonly destination: pulumi.Input<string>;
  /** Keys for the object store, if `credentials` is `secret`. */
  readonly keys: pulumi.Output<BackupCredentials> | undefined;
  /** Folder of this database in the archive. */
  readonly serverName: pulumi.Input<string>;
}

/** The parts of a CloudNativePG Cluster and a ScheduledBackup that describe the archive. */
export interface ArchiveSpecs {
  readonly cluster: { readonly backup?: object; readonly plugins?: readonly object[] };
  readonly scheduledBackup: { readonly method: string; readonly pluginConfiguration?: { readonly name: string } };
}

/**
 * Size of the plugin's container beside each instance: it compresses eight files of 16 MiB at the same time. Its
 * requests equal its limits, like those of the instance. One container without this would make the whole pod a
 * candidate for early eviction.
 */
const SIZE = { cpu: "500m", memory: "1Gi" };
const ARCHIVER = { requests: SIZE, limits: SIZE };

const PLUGIN = "barman-cloud.cloudnative-pg.io";

/**
 * Stores WAL and base backups through the Barman Cloud plugin, or through the support that is built into CloudNativePG
 * up to 1.30.
 */
export function archiveOf(args: ArchiveArgs, options: pulumi.CustomResourceOptions): ArchiveSpecs {
  const { cluster, destination, endpoint, method, namespace, retentionDays, serverName } = args;
  const store = {
    destinationPath: destination,
    ...(endpoint && { endpointURL: endpoint }),
    s3Credentials: s3Credentials(args, options),
    // gzip halves the bytes for little CPU. Eight files at a time keep up with a batch that fills a WAL segment every
    // second.
    wal: { compression: "gzip", maxParallel: 8 },
    data: { compression: "gzip", jobs: 2 },
  };
  const retentionPolicy = `${retentionDays}d`;
  if (method === "in-tree") {
    return {
      // Backups are taken from a replica, so that the disk and CPU of the primary stay free for writes.
      cluster: { backup: { target: "prefer-standby", retentionPolicy, barmanObjectStore: { ...store, serverName } } },
      scheduledBackup: { method: "barmanObjectStore" },
    };
  }
  const objectStore = new kubernetes.apiextensions.CustomResource(
    "archive",
    {
      apiVersion: "barmancloud.cnpg.io/v1",
      kind: "ObjectStore",
      metadata: { name: `${cluster}-archive`, namespace },
      spec: { retentionPolicy, configuration: store, instanceSidecarConfiguration: { resources: ARCHIVER } },
    },
    options,
  );
  return {
    cluster: {
      backup: { target: "prefer-standby" },
      plugins: [
        {
          name: PLUGIN,
          isWALArchiver: true,
          parameters: { barmanObjectName: objectStore.metadata.name, serverName },
        },
      ],
    },
    scheduledBackup: { method: "plugin", pluginConfiguration: { name: PLUGIN } },
  };
}

function s3Credentials({ cluster, credentials, keys, namespace }: ArchiveArgs, options: pulumi.CustomResourceOptions) {
  if (credentials === "identity") return { inheritFromIAMRole: true };
  const secret = new kubernetes.core.v1.Secret(
    "archive",
    {
      metadata: { name: `${cluster}-archive`, namespace },
      stringData: pulumi
        .secret(keys)
        .apply((given) => ({ id: given?.accessKeyId ?? "", key: given?.secretAccessKey ?? "" })),
    },
    options,
  );
  const reference = (key: string) => ({ name: secret.metadata.name, key });
  return { accessKeyId: reference("id"), secretAccessKey: reference("key") };
}
