import type * as kubernetes from "@pulumi/kubernetes";
import type * as pulumi from "@pulumi/pulumi";
import type { Peer } from "../network/peers.js";

/** Where base backups and WAL are stored, if the cluster provides a place for them. */
export interface Archive {
  readonly destination: pulumi.Output<string>;
}

/** The nodes on which the database runs. */
export interface Placement {
  readonly nodeSelector: Readonly<Record<string, string>>;
  readonly tolerations: readonly { key: string; operator: string; value?: string; effect: string }[];
}

/** A Kubernetes cluster. It may have been made by this program or exist already. */
export interface KubernetesCluster {
  /** Provider for all objects in the cluster. */
  readonly provider: kubernetes.Provider;
  /** Access data of the provider, for another provider with a default namespace, and for the port-forward. */
  readonly access: ClusterAccess;
  /** Context for kubectl commands that people type; if undefined, the current context. */
  readonly context: string | undefined;
  /** The command that adds the context to a kubeconfig; undefined if the kubeconfig has it already. */
  readonly login: string | undefined;
  /** If undefined, the default of the cluster. */
  readonly storageClass: pulumi.Output<string> | undefined;
  /** If undefined, the database may run on any node. */
  readonly databasePlacement: Placement | undefined;
  readonly archive: Archive | undefined;
  /** If undefined, the default of the cluster. */
  readonly ingressClass: pulumi.Output<string> | undefined;
  /** Annotations of the API's Ingress, unless the settings give others. */
  readonly ingressAnnotations: Readonly<Record<string, string>>;
  /** Labels of the namespace of the workloads. */
  readonly namespaceLabels: Readonly<Record<string, string>>;
  /** True if the provider of the cluster runs the control plane, kube-proxy and DNS outside of it. */
  readonly hidesItsParts: boolean;
  /** Answers DNS, unless the settings name others. If empty, any address is allowed. */
  readonly dns: readonly Peer[];
  /** Peers that connect to the API from outside of the cluster's pods, such as load balancers. */
  readonly loadBalancers: readonly Peer[];
  /** Address of the registry for images, if the cluster has one. */
  readonly registry: pulumi.Output<string> | undefined;
}

/** How to reach a cluster. */
export interface ClusterAccess {
  /** Content of a kubeconfig; if undefined, $KUBECONFIG or ~/.kube/config is read. */
  readonly kubeconfig?: pulumi.Output<string>;
  /** If undefined, the current context. */
  readonly context?: string;
}
