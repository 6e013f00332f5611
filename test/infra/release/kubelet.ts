import type { V1ContainerStatus } from "@kubernetes/client-node";
import { type KubernetesApi, resources } from "../../../app/operator/kubernetes/kubernetes-api.js";
import { isStatus } from "../../../app/operator/kubernetes/kubernetes-error.js";
import type { KubernetesObject } from "../../../app/operator/kubernetes/objects.js";

export interface Pod extends KubernetesObject {
  readonly spec: { readonly containers: readonly { readonly name: string; readonly image: string }[] };
  readonly status?: { readonly phase?: string; readonly containerStatuses?: readonly V1ContainerStatus[] };
}

/** What becomes of the pods of an image. */
export type Fate = "ready" | "crashes" | "waits";

/**
 * Stands in for scheduler, kubelet and containers: a server's pod is Ready as soon as it is seen, or not, as its image
 * is known to be, and a Job's pod ends at once.
 */
export class Kubelet {
  readonly #api: KubernetesApi;
  readonly #fates: ReadonlyMap<string, Fate>;
  readonly #failing: ReadonlySet<string>;
  #ended = false;
  readonly #done: Promise<void>;
  /** Images of server pods by the hash of their template. */
  readonly images = new Map<string, string>();
  /** The most pods of an image that were ready at once, and the fewest pods of all that were ready. */
  readonly most = new Map<string, number>();
  least = Number.POSITIVE_INFINITY;

  /** @param failing images whose migration fails. */
  constructor(api: KubernetesApi, fates: ReadonlyMap<string, Fate>, failing: ReadonlySet<string>) {
    this.#api = api;
    this.#fates = fates;
    this.#failing = failing;
    this.#done = this.#run();
  }

  async close(): Promise<void> {
    this.#ended = true;
    await this.#done;
  }

  async #run(): Promise<void> {
    while (!this.#ended) {
      const { items } = await this.#api.list<Pod>(resources.pods).catch(() => ({ items: [] }));
      this.#count(items);
      for (const pod of items) await this.#settle(pod).catch(ignoreGone);
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
  }

  #count(pods: readonly Pod[]): void {
    const ready = pods.filter(({ metadata, status }) => {
      const { labels } = metadata;
      const serves = status?.containerStatuses?.every((container) => container.ready);
      return labels?.["app.kubernetes.io/component"] === "api" && status?.phase === "Running" && serves;
    });
    const counts = new Map<string, number>();
    for (const { spec } of ready) {
      const image = spec.containers[0]?.image ?? "";
      counts.set(image, (counts.get(image) ?? 0) + 1);
    }
    for (const [image, count] of counts) this.most.set(image, Math.max(count, this.most.get(image) ?? 0));
    if (ready.length > 0 || this.least < Number.POSITIVE_INFINITY) this.least = Math.min(this.least, ready.length);
  }

  async #settle({ metadata, spec, status }: Pod): Promise<void> {
    const [container] = spec.containers;
    if (!container || metadata.deletionTimestamp) return;
    const component = metadata.labels?.["app.kubernetes.io/component"];
    if (component === "api") {
      this.images.set(metadata.labels?.["rollouts-pod-template-hash"] ?? "", container.image);
      const fate = this.#fates.get(container.image) ?? "ready";
      if (fate === "waits" || status?.phase === "Running") return;
      await this.#set(metadata.name, fate === "ready" ? running(container) : crashed(container));
    } else if (component === "migration" && status?.phase === "Pending") {
      await this.#set(metadata.name, { phase: this.#failing.has(container.image) ? "Failed" : "Succeeded" });
    } else if (component === "operator" && status?.phase === "Pending") {
      await this.#set(metadata.name, running(container));
    }
  }

  #set(name: string, status: object): Promise<unknown> {
    return this.#api.patch(resources.pods, name, "merge", { status }, "status");
  }
}

const statusOf = (container: { name: string; image: string }, more: Partial<V1ContainerStatus>) => ({
  name: container.name,
  image: container.image,
  imageID: container.image,
  ready: false,
  restartCount: 0,
  ...more,
});

function running(container: { name: string; image: string }) {
  const lastTransitionTime = new Date().toISOString();
  return {
    phase: "Running",
    conditions: [{ type: "Ready", status: "True", lastTransitionTime }],
    containerStatuses: [statusOf(container, { ready: true })],
  };
}

const crashed = (container: { name: string; image: string }) => ({
  phase: "Running",
  conditions: [{ type: "Ready", status: "False" }],
  containerStatuses: [
    statusOf(container, {
      restartCount: 2,
      state: { waiting: { reason: "CrashLoopBackOff", message: "back-off 20s" } },
    }),
  ],
});

function ignoreGone(error: unknown): void {
  if (!isStatus(error, 404) && !isStatus(error, 409)) throw error;
}
