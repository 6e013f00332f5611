import * as kubernetes from "@pulumi/kubernetes";
import * as pulumi from "@pulumi/pulumi";
import * as random from "@pulumi/random";
import type { KubernetesCluster } from "../cluster/kubernetes-cluster.js";
import { namespaces } from "./releases.js";

export interface PrometheusArgs {
  /** Path or URL of the chart. */
  readonly chart: string;
  readonly version?: string | undefined;
  readonly hidesItsParts: KubernetesCluster["hidesItsParts"];
}

/**
 * Leaves out the scrapers, dashboards and alarms of parts that no pod of the cluster runs. Otherwise their alarms
 * (`KubeSchedulerDown` and others) would be raised for ever, and true ones would not be seen between them.
 */
const WITHOUT_HIDDEN_PARTS = Object.fromEntries(
  ["kubeControllerManager", "kubeEtcd", "kubeProxy", "kubeScheduler", "coreDns"].map((part) => [
    part,
    { enabled: false },
  ]),
);

/** kube-prometheus-stack: Prometheus with its operator, Alertmanager, kube-state-metrics, node metrics and Grafana. */
export class Prometheus extends pulumi.ComponentResource {
  constructor(name: string, args: PrometheusArgs, options: pulumi.ComponentResourceOptions) {
    super("ratesapp:platform:Prometheus", name, {}, options);
    const namespace = new kubernetes.core.v1.Namespace(
      name,
      { metadata: { name: namespaces.prometheus } },
      { parent: this },
    );
    // If the chart made the password, it would be a new one at each rendering, which is at each `up`.
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
          // Selects every monitor, rule and alert route in the cluster, and not only those with the label of this
          // release.
          prometheus: {
            prometheusSpec: {
              podMonitorSelectorNilUsesHelmValues: false,
              serviceMonitorSelectorNilUsesHelmValues: false,
              ruleSelectorNilUsesHelmValues: false,
              retention: "15d",
              // Without a volume claim, the data would be kept only as long as the pod exists.
              retentionSize: "18GB",
              storageSpec: {
                volumeClaimTemplate: {
                  spec: { accessModes: ["ReadWriteOnce"], resources: { requests: { storage: "20Gi" } } },
                },
              },
            },
          },
          // By default, routes of alarms would count only in the namespace of Alertmanager.
          alertmanager: {
            alertmanagerSpec: {
              alertmanagerConfigNamespaceSelector: {
                matchExpressions: [{ key: "kubernetes.io/metadata.name", operator: "Exists" }],
              },
            },
          },
          // The alarm on a lost zone needs to know where nodes are.
          "kube-state-metrics": { metricLabelsAllowlist: ["nodes=[topology.kubernetes.io/zone]"] },
          ...(args.hidesItsParts && WITHOUT_HIDDEN_PARTS),
          // The chart makes these certificates in a Helm hook. A hook is not a resource, so Pulumi would never run it.
          prometheusOperator: { admissionWebhooks: { enabled: false }, tls: { enabled: false } },
          grafana: { admin: { existingSecret: admin.metadata.name, userKey: "user", passwordKey: "password" } },
        },
      },
      { parent: this, dependsOn: namespace },
    );
    this.registerOutputs();
  }
}
