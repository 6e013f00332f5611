import * as kubernetes from "@pulumi/kubernetes";
import type * as pulumi from "@pulumi/pulumi";
import { namespaces } from "./releases.js";

/** Lets Prometheus ask cert-manager when certificates end. */
export function certificateMonitor(options: pulumi.CustomResourceOptions): void {
  new kubernetes.apiextensions.CustomResource(
    "cert-manager-monitor",
    {
      apiVersion: "monitoring.coreos.com/v1",
      kind: "PodMonitor",
      metadata: { name: "cert-manager", namespace: namespaces.certManager },
      spec: {
        selector: {
          matchLabels: { "app.kubernetes.io/name": "cert-manager", "app.kubernetes.io/component": "controller" },
        },
        // Keeps the namespace of the certificate, which would otherwise be replaced by that of cert-manager.
        podMetricsEndpoints: [{ port: "http-metrics", interval: "60s", honorLabels: true }],
      },
    },
    options,
  );
}
