import type * as kubernetes from "@pulumi/kubernetes";
import type * as pulumi from "@pulumi/pulumi";
import type { Peer } from "../network/peers.js";

/** Where base backups and WAL go, when the cluster brings a place for them. */
export interface Archive {
  readonly destination: pulumi.Output<string>;
}

/** On which nodes the database runs. */
export interface Placement {
  readonly nodeSelector: Readonly<Record<string, string>>;
  readonly tolerations: readonly { key: string; operator: string; value?: string; effect: string }[];
}

/** A Kubernetes cluster, which this program made or was given. */
export interface KubernetesCluster {
  /** Of everything that is put into it. */
  readonly provider: kubernetes.Provider;
  /** What the provider was made of, for another one with a default namespace, and for the port-forward. */
  readonly access: ClusterAccess;
  /** Of kubectl, for people; undefined: the current one. */
  readonly context: string | undefined;
  /** The command that makes it, if a kubeconfig does not bring it. */
  readonly login: string | undefined;
  /** Undefined: the cluster's default. */
  readonly storageClass: pulumi.Output<string> | undefined;
  /** Undefined: on any node. */
  readonly databasePlacement: Placement | undefined;
  readonly archive: Archive | undefined;
  /** Undefined: the cluster's default. */
  readonly ingressClass: pulumi.Output<string> | undefined;
  /** Who answers names; empty: any address, where no selector can say. */
  readonly dns: readonly Peer[];
  /** Where images are pushed to, if the cluster came with a registry. */
  readonly registry: pulumi.Output<string> | undefined;
}

export interface ClusterAccess {
  /** Content; undefined: $KUBECONFIG or ~/.kube/config. */
  readonly kubeconfig?: pulumi.Output<string>;
  /** Undefined: the current one. */
  readonly context?: string;
}
