import { type KubernetesApi, resources } from "../operator/kubernetes/kubernetes-api.js";
import type { KubernetesObject } from "../operator/kubernetes/objects.js";

interface Backup extends KubernetesObject {
  readonly spec: { readonly cluster: { readonly name: string } };
  readonly status?: { readonly phase?: string; readonly backupId?: string; readonly stoppedAt?: string };
}

/** A complete base backup. */
export interface KnownBackup {
  readonly id: string;
  readonly endedAt: Date;
}

/** The newest complete base backup of a Cluster; undefined if there is none. */
export async function newestBackup(api: KubernetesApi, cluster: string): Promise<KnownBackup | undefined> {
  const { items } = await api.list<Backup>(resources.backups);
  return items
    .filter(({ spec, status }) => spec.cluster.name === cluster && status?.phase === "completed")
    .map(({ metadata, status }) => ({
      id: status?.backupId ?? metadata.name,
      endedAt: new Date(status?.stoppedAt ?? metadata.creationTimestamp ?? 0),
    }))
    .sort((a, b) => a.endedAt.getTime() - b.endedAt.getTime())
    .at(-1);
}
