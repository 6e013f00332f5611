import type { Socket } from "node:net";
import { PassThrough } from "node:stream";
import { CoreV1Api, KubeConfig, PortForward as KubernetesPortForward, type V1Pod } from "@kubernetes/client-node";

export interface PrimaryOptions {
  /** Content; undefined: $KUBECONFIG or ~/.kube/config. */
  readonly kubeconfig: string | undefined;
  /** Undefined: the kubeconfig's current one. */
  readonly context: string | undefined;
  readonly namespace: string;
  /** Name of the CloudNativePG Cluster. */
  readonly cluster: string;
}

const POSTGRES = 5432;

/** The primary of a CloudNativePG Cluster, through the Kubernetes API: {@link PortForward}'s `find` and `connect`. */
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
      // Either end takes the other with it; a client whose server is gone must not wait for an answer.
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
