import * as kubernetes from "@pulumi/kubernetes";
import type * as pulumi from "@pulumi/pulumi";

/**
 * A provider of Kubernetes; every one of the program is made here. By default it deletes a Secret or ConfigMap that
 * changed and makes another one, and pods that start in between find none. Ours are updated in place.
 */
export const kubernetesProvider = (
  name: string,
  args: kubernetes.ProviderArgs,
  options: pulumi.ResourceOptions,
): kubernetes.Provider =>
  new kubernetes.Provider(name, { ...args, enableSecretMutable: true, enableConfigMapMutable: true }, options);
