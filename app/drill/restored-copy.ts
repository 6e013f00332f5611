import { type KubernetesApi, resources } from "../operator/kubernetes/kubernetes-api.js";
import { isStatus } from "../operator/kubernetes/kubernetes-error.js";
import type { KubernetesObject, OwnerReference, Pod } from "../operator/kubernetes/objects.js";
import { sleep } from "../sleep.js";
import { faultsInLog } from "./restore-log.js";

/** Thrown if a backup cannot be restored. */
export class RestoreFailedError extends Error {
  constructor(message: string) {
    super(message);
    this.name = "RestoreFailedError";
  }
}

/** A CloudNativePG Cluster as it is to be made, but for the moment that it is restored to. */
export interface ClusterManifest {
  readonly metadata: { readonly name: string };
  readonly spec: { readonly bootstrap: { readonly recovery: object } };
}

interface Cluster extends KubernetesObject {
  readonly status?: { readonly phase?: string; readonly phaseReason?: string; readonly readyInstances?: number };
}

const POLL_MS = 2_000;
const LOG_LINES = 200;

/**
 * A database of one instance, made from the archive. It has one name: rights to delete it are no rights to delete
 * another, and a drill finds what an earlier one left behind when it was killed.
 */
export class RestoredCopy {
  readonly #api: KubernetesApi;
  readonly #manifest: ClusterManifest;

  constructor(api: KubernetesApi, manifest: ClusterManifest) {
    this.#api = api;
    this.#manifest = manifest;
  }

  get name(): string {
    return this.#manifest.metadata.name;
  }

  /** Deletes it with its disks, and returns when all is gone: a disk that is left would be taken for a new copy's. */
  async remove(signal?: AbortSignal): Promise<void> {
    await this.#api.delete(resources.databaseClusters, this.name, "Background").catch((error: unknown) => {
      if (!isStatus(error, 404)) throw error;
    });
    while ((await this.#state()) !== undefined || (await this.#hasParts())) await sleep(POLL_MS, signal);
  }

  /** @param owner with which it is deleted, if this process cannot. */
  async make(at: Date, owner: OwnerReference | undefined): Promise<void> {
    const { metadata, spec } = this.#manifest;
    const recovery = { ...spec.bootstrap.recovery, recoveryTarget: { targetTime: at.toISOString() } };
    await this.#api.create(resources.databaseClusters, {
      ...this.#manifest,
      metadata: { ...metadata, ...(owner && { ownerReferences: [owner] }) },
      spec: { ...spec, bootstrap: { recovery } },
    });
  }

  /** Waits until it can be asked. @throws {RestoreFailedError} with what the restore wrote, as soon as it failed. */
  async ready(signal: AbortSignal, onPhase: (phase: string) => void): Promise<void> {
    for (let last = ""; ; await sleep(POLL_MS, signal)) {
      const state = await this.#state();
      if (!state) throw new RestoreFailedError(`${this.name} was deleted by others`);
      const { phase = "not begun", phaseReason, readyInstances = 0 } = state.status ?? {};
      const now = phaseReason ? `${phase}: ${phaseReason}` : phase;
      if (now !== last) onPhase(now);
      last = now;
      if (readyInstances > 0) return;
      const failed = await this.#failedPod();
      if (failed) throw new RestoreFailedError(await this.#reasonOf(failed));
    }
  }

  async #state(): Promise<Cluster | undefined> {
    try {
      return await this.#api.get<Cluster>(resources.databaseClusters, this.name);
    } catch (error) {
      if (isStatus(error, 404)) return undefined;
      throw error;
    }
  }

  async #hasParts(): Promise<boolean> {
    const selector = `cnpg.io/cluster=${this.name}`;
    const [pods, disks] = await Promise.all([
      this.#api.list(resources.pods, selector),
      this.#api.list(resources.persistentVolumeClaims, selector),
    ]);
    return pods.items.length + disks.items.length > 0;
  }

  async #failedPod(): Promise<string | undefined> {
    const selector = `cnpg.io/cluster=${this.name},cnpg.io/jobRole=full-recovery`;
    const { items } = await this.#api.list<Pod>(resources.pods, selector);
    return items.find(({ status }) => status?.phase === "Failed")?.metadata.name;
  }

  async #reasonOf(pod: string): Promise<string> {
    const log = await this.#api.log(pod, { container: "full-recovery", tailLines: LOG_LINES }).catch(String);
    return faultsInLog(log).join("; ") || "the restore ended and did not say why";
  }
}
