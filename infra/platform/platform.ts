import type * as kubernetes from "@pulumi/kubernetes";
import * as pulumi from "@pulumi/pulumi";
import type { Settings } from "../settings/schema.js";
import { Manifest } from "./manifest.js";
import { Prometheus } from "./prometheus.js";
import { namespaces, releases } from "./releases.js";

export interface PlatformArgs {
  /** What the cluster has, and what is to be installed. */
  readonly platform: Settings["platform"];
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
    const { access, platform } = args;
    const prometheus = chosen(platform.prometheus, releases.prometheus);
    const monitors = prometheus && new Prometheus("prometheus", prometheus, { parent: this });

    const cloudnativePg = chosen(platform.cloudnativePg, releases.cloudnativePg);
    const postgres =
      cloudnativePg && new Manifest("cloudnative-pg", { file: cloudnativePg.manifest }, { parent: this });
    const certManager = chosen(platform.certManager, releases.certManager);
    const certificates = certManager && new Manifest("cert-manager", { file: certManager.manifest }, { parent: this });

    // It stands beside the operator, which loads it, and asks cert-manager for their certificates.
    const barmanPlugin = chosen(platform.barmanPlugin, releases.barmanPlugin);
    const archiver =
      barmanPlugin &&
      new Manifest(
        "barman-plugin",
        { file: barmanPlugin.manifest },
        { parent: this, dependsOn: there(postgres, certificates) },
      );
    this.forDatabase = there(postgres, archiver, monitors);

    const argoRollouts = chosen(platform.argoRollouts, releases.argoRollouts);
    if (argoRollouts) {
      new Manifest(
        "argo-rollouts",
        { file: argoRollouts.manifest, namespace: namespaces.argoRollouts, access },
        { parent: this },
      );
    }
    this.registerOutputs();
  }
}

const there = (...resources: (pulumi.Resource | undefined)[]): pulumi.Resource[] =>
  resources.filter((resource) => resource !== undefined);

/** The pinned release, the one named instead, or nothing to install. */
function chosen<Release extends object, Named extends object>(
  choice: "absent" | "present" | "install" | Named,
  release: Release,
): Release | Named | undefined {
  if (choice === "absent" || choice === "present") return undefined;
  return choice === "install" ? release : choice;
}
