import * as kubernetes from "@pulumi/kubernetes";
import * as pulumi from "@pulumi/pulumi";
import { kubernetesProvider } from "../cluster/kubernetes-provider.js";
import type { ManifestParts } from "./manifest-parts.js";

export interface ManifestArgs {
  readonly parts: ManifestParts;
  /** Made, and given to every object of a manifest that leaves its namespace to `kubectl -n`. */
  readonly namespace?: string;
  /** How to reach the cluster. */
  readonly access: kubernetes.ProviderArgs;
  /** Whether definitions stay in the cluster when the manifest goes. */
  readonly keepDefinitions: boolean;
}

/**
 * The objects of a release manifest, one resource each. It is there when its Deployments are ready and its definitions
 * are established, so that what depends on it finds its webhooks answering.
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
      const own = new kubernetes.core.v1.Namespace(name, { metadata: { name: namespace } }, { parent: this });
      const provider = kubernetesProvider(name, { ...access, namespace: own.metadata.name }, { parent: this });
      new kubernetes.yaml.v2.ConfigGroup(name, rest, { parent: this, provider, dependsOn: [own, ...definitions] });
    }
    this.registerOutputs();
  }

  /**
   * Each a resource of this program and not of a ConfigGroup, which hands `retainOnDelete` to none of its objects: when
   * a definition is deleted, Kubernetes deletes every object of its kind on the whole cluster, also those of other
   * programs.
   */
  #definitions(name: string, { access, keepDefinitions, parts }: ManifestArgs): pulumi.Resource[] {
    if (parts.definitions.length === 0) return [];
    const options = {
      parent: this,
      ...(keepDefinitions && {
        retainOnDelete: true,
        // Takes over those that were kept, where a create would find that they exist.
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
