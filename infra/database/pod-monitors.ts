import * as kubernetes from "@pulumi/kubernetes";
import type * as pulumi from "@pulumi/pulumi";
import { instances, poolers } from "./selectors.js";

/**
 * Lets Prometheus scrape every instance and every pooler pod. The operator's own monitors are deprecated, and do not
 * put the role of an instance on its series.
 */
export function podMonitors(namespace: pulumi.Input<string>, options: pulumi.CustomResourceOptions): void {
  const monitor = (name: string, selector: object, relabelings: readonly object[]) =>
    new kubernetes.apiextensions.CustomResource(
      `${name}-monitor`,
      {
        apiVersion: "monitoring.coreos.com/v1",
        kind: "PodMonitor",
        metadata: { name: `ratesapp-${name}`, namespace },
        spec: { selector, podMetricsEndpoints: [{ port: "metrics", interval: "15s", relabelings }] },
      },
      options,
    );
  const fromLabel = (label: string, targetLabel: string) => ({
    sourceLabels: [`__meta_kubernetes_pod_label_cnpg_io_${label}`],
    targetLabel,
  });
  monitor("instances", instances, [fromLabel("cluster", "cluster"), fromLabel("instanceRole", "role")]);
  monitor("poolers", poolers, [fromLabel("cluster", "cluster"), fromLabel("poolerName", "pooler")]);
}
