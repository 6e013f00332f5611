import type * as kubernetes from "@pulumi/kubernetes";
import * as pulumi from "@pulumi/pulumi";
import type { Settings } from "../settings/schema.js";
import { Manifest } from "./manifest.js";
import type { ManifestParts } from "./manifest-parts.js";
import type { Manifests } from "./operator-manifests.js";
import { Prometheus } from "./prometheus.js";
import { namespaces, releases } from "./releases.js";

export interface PlatformArgs {
  /** What the cluster has already, and what to install. */
  readonly platform: Settings["platform"];
  /** The manifests to install. */
  readonly manifests: Manifests;
  /**
   * True if the definitions of the operators, and so all objects of their kinds, must stay when the stack is deleted.
   */
  readonly protect: boolean;
  /** How to reach the cluster. */
  readonly access: kubernetes.ProviderArgs;
}

/**
 * Installs the operators, each in its own namespace, apart from the objects that it manages. What the cluster already
 * has is left alone. So several stacks can share a cluster: one of them installs, and the others say `present`.
 */
export class Platform extends pulumi.ComponentResource {
  /** What the database must wait for. The rest may start at the same time as the database. */
  readonly forDatabase: readonly pulumi.Resource[];

  constructor(name: string, args: PlatformArgs, options: pulumi.ComponentResourceOptions) {
    super("ratesapp:platform:Platform", name, {}, options);
    const { access, manifests, platform, protect } = args;
    const prometheus = chosenChart(platform.prometheus);
    const monitors = prometheus && new Prometheus("prometheus", prometheus, { parent: this });

    const install = (
      operator: string,
      parts: ManifestParts | undefined,
      { dependsOn = [], namespace }: { dependsOn?: pulumi.Resource[]; namespace?: string } = {},
    ): Manifest | undefined =>
      parts &&
      new Manifest(
        operator,
        { parts, access, keepDefinitions: protect, ...(namespace !== undefined && { namespace }) },
        { parent: this, dependsOn },
      );
    const postgres = install("cloudnative-pg", manifests.cloudnativePg);
    const certificates = install("cert-manager", manifests.certManager);
    // The plugin runs next to the operator, which loads it. It needs cert-manager for the certificates between them.
    const archiver = install("barman-plugin", manifests.barmanPlugin, { dependsOn: there(postgres, certificates) });
    this.forDatabase = there(postgres, archiver, monitors);
    install("argo-rollouts", manifests.argoRollouts, { namespace: namespaces.argoRollouts });
    this.registerOutputs();
  }
}

const there = (...resources: (pulumi.Resource | undefined)[]): pulumi.Resource[] =>
  resources.filter((resource) => resource !== undefined);

/** The chart to install: the pinned release or the one in the settings. Undefined if there is nothing to install. */
function chosenChart(choice: Settings["platform"]["prometheus"]) {
  if (choice === "absent" || choice === "present") return undefined;
  return choice === "install" ? releases.prometheus : choice;
}
