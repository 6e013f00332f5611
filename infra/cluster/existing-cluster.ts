import type * as kubernetes from "@pulumi/kubernetes";
import * as pulumi from "@pulumi/pulumi";
import { clusterDns } from "../network/peers.js";
import type { ClusterAccess, KubernetesCluster } from "./kubernetes-cluster.js";
import { kubernetesProvider } from "./kubernetes-provider.js";

export interface ExistingClusterArgs {
  /** A context of the kubeconfig; if undefined, its current context. */
  readonly context: string | undefined;
}

/** An existing cluster that the kubeconfig knows. */
export class ExistingCluster extends pulumi.ComponentResource implements KubernetesCluster {
  readonly provider: kubernetes.Provider;
  readonly access: ClusterAccess;
  readonly context: string | undefined;
  readonly login = undefined;
  readonly storageClass = undefined;
  readonly databasePlacement = undefined;
  readonly archive = undefined;
  readonly ingressClass = undefined;
  readonly ingressAnnotations = {};
  readonly namespaceLabels = {};
  readonly hidesItsParts = false;
  readonly dns = clusterDns;
  readonly loadBalancers = [];
  readonly registry = undefined;

  constructor(name: string, args: ExistingClusterArgs, options?: pulumi.ComponentResourceOptions) {
    super("ratesapp:cluster:ExistingCluster", name, {}, options);
    this.context = args.context;
    this.access = args.context === undefined ? {} : { context: args.context };
    this.provider = kubernetesProvider(name, this.access, { parent: this });
    this.registerOutputs();
  }
}
