import type * as kubernetes from "@pulumi/kubernetes";
import * as pulumi from "@pulumi/pulumi";
import type { Settings } from "../settings/schema.js";
import { Manifest } from "./manifest.js";
import type { ManifestParts } from "./manifest-parts.js";
import type { Manifests } from "./operator-manifests.js";
import { Prometheus } from "./prometheus.js";
import { namespaces, releases } from "./releases.js";

export interface PlatformArgs {
  /** What the cluster has, and what is to be installed. */
  readonly platform: Settings["platform"];
  /** Of what is to be installed. */
  readonly manifests: Manifests;
  /** Whether the operators' definitions outlive the stack, and with them every object of their kinds. */
  readonly protect: boolean;
  /** How to reach the cluster. */
  readonly access: kubernetes.ProviderArgs;
}

/**
 * The operators, each in a namespace of its own, away from what they operate. What the cluster has already is left
 * alone, so that several stacks share one cluster: one of them installs, the others say `present`.
 */
export class Platform extends pulumi.ComponentResource {
  /** What the database waits for; the rest may come up beside it. */
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
    // It stands beside the operator, which loads it, and asks cert-manager for their certificates.
    const archiver = install("barman-plugin", manifests.barmanPlugin, { dependsOn: there(postgres, certificates) });
    this.forDatabase = there(postgres, archiver, monitors);
    install("argo-rollouts", manifests.argoRollouts, { namespace: namespaces.argoRollouts });
    this.registerOutputs();
  }
}

const there = (...resources: (pulumi.Resource | undefined)[]): pulumi.Resource[] =>
  resources.filter((resource) => resource !== undefined);

/** The pinned release, the one named instead, or nothing to install. */
function chosenChart(choice: Settings["platform"]["prometheus"]) {
  if (choice === "absent" || choice === "present") return undefined;
  return choice === "install" ? releases.prometheus : choice;
}
