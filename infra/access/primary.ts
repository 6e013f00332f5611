import type { Socket } from "node:net";
import { PassThrough } from "node:stream";
import { CoreV1Api, KubeConfig, PortForward as KubernetesPortForward, type V1Pod } from "@kubernetes/client-node";

export interface PrimaryOptions {
  /** Content of a kubeconfig; if undefined, $KUBECONFIG or ~/.kube/config is read. */
  readonly kubeconfig: string | undefined;
  /** If undefined, the current context of the kubeconfig. */
  readonly context: string | undefined;
  readonly namespace: string;
  /** Name of the CloudNativePG Cluster. */
  readonly cluster: string;
}

const POSTGRES = 5432;

/**
 * Finds the primary of a CloudNativePG Cluster and connects to it, through the Kubernetes API. The results are `find`
 * and `connect` of a {@link PortForward}.
 */
export function primaryOf({ cluster, context, kubeconfig, namespace }: PrimaryOptions) {
  const config = new KubeConfig();
  if (kubeconfig === undefined) config.loadFromDefault();
  else config.loadFromString(kubeconfig);
  if (context !== undefined) config.setCurrentContext(context);
  const core = config.makeApiClient(CoreV1Api);
  const forward = new KubernetesPortForward(config);
  const labelSelector = `cnpg.io/cluster=${cluster},cnpg.io/instanceRole=primary`;

  return {
    async find(): Promise<string | undefined> {
      const { items } = await core.listNamespacedPod({ namespace, labelSelector });
      return items.find(isReady)?.metadata?.name;
    },

    async connect(pod: string, socket: Socket): Promise<void> {
      const errors = new PassThrough();
      const channel = await forward.portForward(namespace, pod, [POSTGRES], socket, errors, socket);
      // If one end closes, the other is closed too: a client must not wait for the answer of a server that is gone.
      const websocket = "close" in channel ? channel : channel();
      websocket?.on("close", () => socket.destroy());
      websocket?.on("error", () => socket.destroy());
      errors.once("data", () => websocket?.close());
      socket.once("close", () => websocket?.close());
    },
  };
}

const isReady = (pod: V1Pod): boolean =>
  pod.metadata?.deletionTimestamp === undefined &&
  (pod.status?.conditions ?? []).some(({ status, type }) => type === "Ready" && status === "True");
