import * as pulumi from "@pulumi/pulumi";
import type { KubernetesCluster } from "../cluster/kubernetes-cluster.js";
import type { DnsServers } from "../network/peers.js";
import type { Settings } from "../settings/schema.js";
import { certificateMonitor } from "./certificate-monitor.js";
import { Manifest } from "./manifest.js";
import type { ManifestParts } from "./manifest-parts.js";
import type { Manifests } from "./operator-manifests.js";
import { type OperatorPorts, operatorNetworkPolicy } from "./operator-network-policy.js";
import { Prometheus } from "./prometheus.js";
import { namespaces, prometheusRelease } from "./releases.js";

export interface PlatformArgs {
  /** `platform` says what the cluster has already, and what to install. */
  readonly settings: Settings;
  /** The manifests to install. */
  readonly manifests: Manifests;
  readonly cluster: KubernetesCluster;
  readonly dns: DnsServers;
}

/**
 * Installs the operators, each in its own namespace, apart from the objects that it manages. What the cluster already
 * has is left alone. So several stacks can share a cluster: one of them installs, and the others say `present`.
 */
export class Platform extends pulumi.ComponentResource {
  /** What the database must wait for. The rest may start at the same time as the database. */
  readonly forDatabase: readonly pulumi.Resource[];
  /** What Rollouts must wait for. */
  readonly forRollouts: readonly pulumi.Resource[];

  constructor(name: string, args: PlatformArgs, options: pulumi.ComponentResourceOptions) {
    super("ratesapp:platform:Platform", name, {}, options);
    const { cluster, manifests } = args;
    const { platform, protect } = args.settings;
    const { access } = cluster;
    const prometheus = chosenChart(platform.prometheus);
    const monitors =
      prometheus &&
      new Prometheus("prometheus", { ...prometheus, hidesItsParts: cluster.hidesItsParts }, { parent: this });

    const install = (
      operator: string,
      parts: ManifestParts | undefined,
      { dependsOn = [], namespace }: { dependsOn?: pulumi.Resource[]; namespace?: string } = {},
    ): Manifest | undefined =>
      parts &&
      new Manifest(
        operator,
        // If the stack is protected, all objects of the operators' kinds must stay when it is deleted.
        { parts, access, keepDefinitions: protect, ...(namespace !== undefined && { namespace }) },
        { parent: this, dependsOn },
      );
    const postgres = install("cloudnative-pg", manifests.cloudnativePg);
    const certificates = install("cert-manager", manifests.certManager);
    // The plugin runs next to the operator, which loads it. It needs cert-manager for the certificates between them.
    const archiver = install("barman-plugin", manifests.barmanPlugin, { dependsOn: there(postgres, certificates) });
    this.forDatabase = there(postgres, archiver, monitors);
    const rollouts = install("argo-rollouts", manifests.argoRollouts, { namespace: namespaces.argoRollouts });
    this.forRollouts = there(rollouts);
    this.#closeNetworks(args, { postgres, certificates, rollouts });
    if (certificates && platform.prometheus !== "absent") {
      certificateMonitor({ parent: this, dependsOn: there(certificates, monitors) });
    }
    this.registerOutputs();
  }

  /** Gives the namespaces of the operators that this stack installs their NetworkPolicies. */
  #closeNetworks(
    { dns, settings: { cluster } }: PlatformArgs,
    installed: Readonly<Record<"postgres" | "certificates" | "rollouts", Manifest | undefined>>,
  ): void {
    const policy = (operator: Manifest | undefined, given: OperatorPorts) => {
      if (!operator) return;
      const { addressFamilies, apiServerPorts } = cluster;
      operatorNetworkPolicy({ ...given, dns, addressFamilies, apiServerPorts }, { parent: this, dependsOn: operator });
    };
    policy(installed.postgres, {
      namespace: namespaces.cloudnativePg,
      webhookPorts: [9443],
      metricsPort: 8080,
      // The operator calls the Barman Cloud plugin.
      innerPorts: [9090],
      // It asks instances for their state, and connects to their Postgres.
      outerPorts: [8000, 5432],
    });
    policy(installed.certificates, { namespace: namespaces.certManager, webhookPorts: [10_250], metricsPort: 9402 });
    // It asks Prometheus how the pods of a new version do.
    policy(installed.rollouts, {
      namespace: namespaces.argoRollouts,
      webhookPorts: [],
      metricsPort: 8090,
      outerPorts: [9090],
    });
  }
}

const there = (...resources: (pulumi.Resource | undefined)[]): pulumi.Resource[] =>
  resources.filter((resource) => resource !== undefined);

/** The chart to install: the pinned release or the one in the settings. Undefined if there is nothing to install. */
function chosenChart(choice: Settings["platform"]["prometheus"]) {
  if (choice === "absent" || choice === "present") return undefined;
  return choice === "install" ? prometheusRelease : choice;
}
