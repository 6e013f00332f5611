import * as pulumi from "@pulumi/pulumi";
import type { KubernetesCluster } from "./cluster/kubernetes-cluster.js";
import type { Database } from "./database/database.js";
import type { Names } from "./names.js";
import { namespaces } from "./platform/releases.js";
import { type Images, imageTexts } from "./released-images.js";
import type { Settings } from "./settings/schema.js";
import type { Workloads } from "./workloads/workloads.js";

export interface OutputsArgs {
  readonly names: Names;
  readonly settings: Settings;
  readonly images: Images;
  readonly cluster: KubernetesCluster;
  readonly database: Database;
  readonly workloads: Workloads;
}

/** What `pulumi stack output` shows to people. */
export function outputsOf({ cluster, database, images, names, settings, workloads }: OutputsArgs) {
  const { ingress } = settings.api;
  const context = cluster.context === undefined ? "" : ` --context ${cluster.context}`;
  const forward = (namespace: string, target: string) => `kubectl${context} -n ${namespace} port-forward ${target}`;
  return {
    /** Where each database stores its backups and WAL, by the name of its Cluster. */
    archives: Object.fromEntries(database.clusters.flatMap(({ archive, name }) => (archive ? [[name, archive]] : []))),
    /** What runs. The next `up` reads it here. */
    images: imageTexts(images),
    /** Public address; without an Ingress, the address while `forwardApi` runs. */
    api: ingress ? `http${ingress.tls || ingress.tlsSecretName ? "s" : ""}://${ingress.host}` : "http://localhost:3000",
    apiInCluster: workloads.url,
    forwardApi: forward(names.workloads, `svc/${names.release} 3000:80`),
    /** While it runs: psql -h localhost -p 5433 -U ratesapp_monitoring_a ratesapp. */
    forwardDatabase: forward(names.database, `svc/${settings.database.serving}-rw 5433:5432`),
    ...(settings.platform.prometheus !== "absent" && {
      forwardPrometheus: forward(namespaces.prometheus, "svc/prometheus-operated 9090"),
    }),
    databaseState: pulumi.interpolate`${database.state}; now: kubectl${context} -n ${names.database} get cluster ${settings.database.serving}`,
    /** The command that adds the context to the kubeconfig, which the other commands use. */
    login: cluster.login ?? "none needed",
    registry: cluster.registry ?? "none of its own",
  };
}
