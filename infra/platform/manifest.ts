import * as kubernetes from "@pulumi/kubernetes";
import * as pulumi from "@pulumi/pulumi";
import { kubernetesProvider } from "../cluster/kubernetes-provider.js";
import { RESTRICTED } from "../network/pod-security.js";
import type { ManifestParts } from "./manifest-parts.js";

export interface ManifestArgs {
  readonly parts: ManifestParts;
  /** A namespace to create. Objects that name no namespace get it, like with `kubectl -n`. */
  readonly namespace?: string;
  /** How to reach the cluster. */
  readonly access: kubernetes.ProviderArgs;
  /** True to keep the definitions in the cluster when the manifest is deleted. */
  readonly keepDefinitions: boolean;
}

/**
 * The objects of a release manifest, one resource for each. It is ready when its Deployments are ready and its
 * definitions are established. So resources that depend on it find working webhooks.
 */
export class Manifest extends pulumi.ComponentResource {
  constructor(name: string, args: ManifestArgs, options: pulumi.ComponentResourceOptions) {
    super("ratesapp:platform:Manifest", name, {}, options);
    const { access, namespace, parts } = args;
    const definitions = this.#definitions(name, args);
    const rest = { yaml: parts.rest };
    if (namespace === undefined) {
      new kubernetes.yaml.v2.ConfigGroup(name, rest, { parent: this, dependsOn: definitions });
    } else {
      const own = new kubernetes.core.v1.Namespace(
        name,
        { metadata: { name: namespace, labels: RESTRICTED } },
        { parent: this },
      );
      const provider = kubernetesProvider(name, { ...access, namespace: own.metadata.name }, { parent: this });
      new kubernetes.yaml.v2.ConfigGroup(name, rest, { parent: this, provider, dependsOn: [own, ...definitions] });
    }
    this.registerOutputs();
  }

  /**
   * Each definition is a resource of this program. A ConfigGroup would not pass `retainOnDelete` on to its objects.
   * When a definition is deleted, Kubernetes deletes every object of its kind in the whole cluster, even those of other
   * programs.
   */
  #definitions(name: string, { access, keepDefinitions, parts }: ManifestArgs): pulumi.Resource[] {
    if (parts.definitions.length === 0) return [];
    const options = {
      parent: this,
      ...(keepDefinitions && {
        retainOnDelete: true,
        // Takes over definitions that were kept. A create would fail because they exist.
        provider: kubernetesProvider(
          `${name}-definitions`,
          { ...access, upsertExistingObjects: true },
          { parent: this },
        ),
      }),
    };
    return parts.definitions.map(
      (definition) =>
        new kubernetes.apiextensions.v1.CustomResourceDefinition(
          definition.metadata.name,
          definition as unknown as kubernetes.apiextensions.v1.CustomResourceDefinitionArgs,
          options,
        ),
    );
  }
}
