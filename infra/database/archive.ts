import * as kubernetes from "@pulumi/kubernetes";
import * as pulumi from "@pulumi/pulumi";
import type { Settings } from "../settings/schema.js";
import type { BackupCredentials } from "../settings/secrets.js";

type Backups = NonNullable<Settings["database"]["backups"]>;

export interface ArchiveArgs extends Pick<Backups, "credentials" | "endpoint" | "method" | "retentionDays"> {
  readonly namespace: pulumi.Input<string>;
  /** Of the database, to name the archive after. */
  readonly cluster: string;
  readonly destination: pulumi.Input<string>;
  /** Of `credentials: secret`. */
  readonly keys: pulumi.Output<BackupCredentials> | undefined;
  /** Folder of this database in the archive. */
  readonly serverName: pulumi.Input<string>;
}

/** How a Cluster is told of its archive: `backup` and `plugins` of its spec, and the method of a ScheduledBackup. */
export interface ArchiveSpecs {
  readonly cluster: { readonly backup?: object; readonly plugins?: readonly object[] };
  readonly scheduledBackup: { readonly method: string; readonly pluginConfiguration?: { readonly name: string } };
}

/**
 * Of the plugin's container beside each instance: eight compressions of 16 MiB at once. Requests equal to limits, as
 * the instance has them: one container without would cost the whole pod its place behind all others in being evicted.
 */
const SIZE = { cpu: "500m", memory: "1Gi" };
const ARCHIVER = { requests: SIZE, limits: SIZE };

const PLUGIN = "barman-cloud.cloudnative-pg.io";

/** Where WAL and base backups go: through the Barman Cloud plugin, or what CloudNativePG has built in up to 1.30. */
export function archiveOf(args: ArchiveArgs, options: pulumi.CustomResourceOptions): ArchiveSpecs {
  const { cluster, destination, endpoint, method, namespace, retentionDays, serverName } = args;
  const store = {
    destinationPath: destination,
    ...(endpoint && { endpointURL: endpoint }),
    s3Credentials: s3Credentials(args, options),
    // Half the bytes for little CPU. Eight at a time keep up with a batch that fills a segment every second.
    wal: { compression: "gzip", maxParallel: 8 },
    data: { compression: "gzip", jobs: 2 },
  };
  const retentionPolicy = `${retentionDays}d`;
  if (method === "in-tree") {
    return {
      // From a replica, so that the primary's disk and CPU stay with the writers.
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
