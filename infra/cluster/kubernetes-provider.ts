import * as kubernetes from "@pulumi/kubernetes";
import type * as pulumi from "@pulumi/pulumi";

/**
 * Makes every Kubernetes provider of this program. By default, a provider replaces a changed Secret or ConfigMap: it
 * deletes the old one and makes another, and pods that start in between find none. These providers update it in place.
 */
export const kubernetesProvider = (
  name: string,
  args: kubernetes.ProviderArgs,
  options: pulumi.ResourceOptions,
): kubernetes.Provider =>
  new kubernetes.Provider(name, { ...args, enableSecretMutable: true, enableConfigMapMutable: true }, options);
