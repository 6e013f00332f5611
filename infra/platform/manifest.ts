import * as kubernetes from "@pulumi/kubernetes";
import * as pulumi from "@pulumi/pulumi";

export interface ManifestArgs {
  /** Path or URL of YAML with any number of objects. */
  readonly file: string;
  /** Made, and given to every object of a manifest that leaves its namespace to `kubectl -n`. */
  readonly namespace?: string;
  /** How to reach the cluster, for a provider whose default is that namespace. */
  readonly access?: kubernetes.ProviderArgs;
}

/**
 * The objects of a release manifest, one resource each. It is there when its Deployments are ready and its definitions
 * are established, so that what depends on it finds its webhooks answering.
 */
export class Manifest extends pulumi.ComponentResource {
  constructor(name: string, args: ManifestArgs, options: pulumi.ComponentResourceOptions) {
    super("ratesapp:platform:Manifest", name, {}, options);
    const { file, namespace } = args;
    if (namespace === undefined) {
      new kubernetes.yaml.v2.ConfigFile(name, { file }, { parent: this });
    } else {
      const own = new kubernetes.core.v1.Namespace(name, { metadata: { name: namespace } }, { parent: this });
      const provider = new kubernetes.Provider(
        name,
        { ...args.access, namespace: own.metadata.name },
        { parent: this },
      );
      new kubernetes.yaml.v2.ConfigFile(name, { file }, { parent: this, provider, dependsOn: own });
    }
    this.registerOutputs();
  }
}
