import * as kubernetes from "@pulumi/kubernetes";
import * as pulumi from "@pulumi/pulumi";
import * as random from "@pulumi/random";
import { namespaces } from "./releases.js";

export interface PrometheusArgs {
  /** Path or URL. */
  readonly chart: string;
  readonly version?: string | undefined;
}

/** kube-prometheus-stack: Prometheus with its operator, Alertmanager, kube-state-metrics, node metrics and Grafana. */
export class Prometheus extends pulumi.ComponentResource {
  constructor(name: string, args: PrometheusArgs, options: pulumi.ComponentResourceOptions) {
    super("ratesapp:platform:Prometheus", name, {}, options);
    const namespace = new kubernetes.core.v1.Namespace(
      name,
      { metadata: { name: namespaces.prometheus } },
      { parent: this },
    );
    // Left to the chart, the password would be another one each time the chart is rendered, which is each `up`.
    const password = new random.RandomPassword(`${name}-grafana`, { length: 24, special: false }, { parent: this });
    const admin = new kubernetes.core.v1.Secret(
      `${name}-grafana`,
      {
        metadata: { name: "grafana-admin", namespace: namespace.metadata.name },
        stringData: { user: "admin", password: password.result },
      },
      { parent: this },
    );
    new kubernetes.helm.v4.Chart(
      name,
      {
        chart: args.chart,
        ...(args.version && { version: args.version }),
        name: "prometheus",
        namespace: namespace.metadata.name,
        values: {
          // Everything in the cluster that asks to be scraped, alerted on or routed, and not what this release labels.
          prometheus: {
            prometheusSpec: {
              podMonitorSelectorNilUsesHelmValues: false,
              serviceMonitorSelectorNilUsesHelmValues: false,
              ruleSelectorNilUsesHelmValues: false,
              retention: "15d",
              // Without a claim it would be kept as long as the pod.
              retentionSize: "18GB",
              storageSpec: {
                volumeClaimTemplate: {
                  spec: { accessModes: ["ReadWriteOnce"], resources: { requests: { storage: "20Gi" } } },
                },
              },
            },
          },
          // Its certificates come from a Helm hook, which is no resource and would never run here.
          prometheusOperator: { admissionWebhooks: { enabled: false }, tls: { enabled: false } },
          grafana: { admin: { existingSecret: admin.metadata.name, userKey: "user", passwordKey: "password" } },
        },
      },
      { parent: this, dependsOn: namespace },
    );
    this.registerOutputs();
  }
}
