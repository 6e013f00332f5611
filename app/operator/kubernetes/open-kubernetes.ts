import { KubeConfig } from "./client-library.js";
import { KubernetesApi } from "./kubernetes-api.js";
import { KubernetesConfigError } from "./kubernetes-config-error.js";

/**
 * Opens the cluster that this process runs in, or that of the kubeconfig.
 * @param manager name under which fields are owned.
 * @param namespace if not given, that of the pod or of the kubeconfig's context.
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
  // The library's default if it finds no cluster.
  if (config.getCurrentCluster()?.server === "http://localhost:8080") {
    throw new KubernetesConfigError("No Kubernetes cluster: set KUBECONFIG, or run in a pod.");
  }
  return new KubernetesApi(config, namespace ?? context?.namespace ?? "default", manager);
}
