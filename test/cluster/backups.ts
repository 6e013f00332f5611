import { GetObjectCommand, ListObjectsV2Command, PutObjectCommand, S3Client } from "@aws-sdk/client-s3";
import { apply, get } from "./kubectl.js";
import { store } from "./settings.js";
import { DATABASE } from "./staging.js";
import { until } from "./until.js";

interface BackupStatus {
  readonly phase?: string;
  readonly backupId?: string;
  readonly startedAt?: string;
  readonly stoppedAt?: string;
  readonly error?: string;
}

/** Takes a base backup now. Returns its id, and how long it took. */
export async function backUp(name: string, cluster: string): Promise<{ id: string; seconds: number }> {
  await apply({
    apiVersion: "postgresql.cnpg.io/v1",
    kind: "Backup",
    metadata: { name, namespace: DATABASE },
    spec: {
      cluster: { name: cluster },
      method: "plugin",
      pluginConfiguration: { name: "barman-cloud.cloudnative-pg.io" },
    },
  });
  const { backupId, startedAt, stoppedAt } = await until("the backup is complete", 300_000, async () => {
    const { status } = await get<{ status?: BackupStatus }>("backups.postgresql.cnpg.io", name, "-n", DATABASE);
    if (status?.phase === "failed") throw new Error(status.error);
    return status?.phase === "completed" && status;
  });
  return { id: backupId ?? "", seconds: (Date.parse(stoppedAt ?? "") - Date.parse(startedAt ?? "")) / 1000 };
}

const s3 = () =>
  new S3Client({
    endpoint: store ?? "",
    forcePathStyle: true,
    region: "us-east-1",
    credentials: { accessKeyId: "local", secretAccessKey: "local-secret" },
  });

/**
 * Changes a byte in each MiB of a base backup, as a failing disk would: not where it begins or ends, so that it can be
 * restored. @param place `s3://bucket/folder`
 */
export async function damage(place: string, id: string): Promise<void> {
  const { hostname: Bucket, pathname } = new URL(place);
  const client = s3();
  const Prefix = `${pathname.slice(1)}/base/${id}/`;
  const { Contents = [] } = await client.send(new ListObjectsV2Command({ Bucket, Prefix }));
  const Key = Contents.sort((a, b) => (a.Size ?? 0) - (b.Size ?? 0)).at(-1)?.Key ?? "";
  const { Body } = await client.send(new GetObjectCommand({ Bucket, Key }));
  const content = Buffer.from((await Body?.transformToByteArray()) ?? []);
  for (let at = Math.floor(content.length * 0.4); at < content.length * 0.6; at += 2 ** 20) {
    content[at] = 255 - (content[at] ?? 0);
  }
  await client.send(new PutObjectCommand({ Bucket, Key, Body: content }));
}
