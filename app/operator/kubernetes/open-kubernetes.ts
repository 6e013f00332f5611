import { KubeConfig } from "./client-library.js";
import { KubernetesApi } from "./kubernetes-api.js";
import { KubernetesConfigError } from "./kubernetes-config-error.js";

/**
 * The cluster that this process runs in, or that of the kubeconfig.
 * @param namespace that of the pod, or of the kubeconfig's context, if not given.
 * @param manager in whose name fields are owned.
 * @throws {KubernetesConfigError}
 */
export function openKubernetes(manager: string, namespace?: string): KubernetesApi {
  const config = new KubeConfig();
  try {
    config.loadFromDefault();
  } catch (error) {
    throw new KubernetesConfigError(`The kubeconfig cannot be read: ${(error as Error).message}`);
  }
  const context = config.getContextObject(config.currentContext);
  // What the library falls back to where it finds no cluster.
  if (config.getCurrentCluster()?.server === "http://localhost:8080") {
    throw new KubernetesConfigError("No Kubernetes cluster: set KUBECONFIG, or run in a pod.");
  }
  return new KubernetesApi(config, namespace ?? context?.namespace ?? "default", manager);
}
