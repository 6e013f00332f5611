import { type Dispatcher, fetch, type Response } from "undici";
import { HttpMethod, type KubeConfig, RequestContext } from "./client-library.js";
import { KubernetesError } from "./kubernetes-error.js";
import type { KubernetesObject } from "./objects.js";

const REQUEST_TIMEOUT_MS = 15_000;
const PAGE = 100;
/** After this time new connections are made, so that certificates that were renewed on disk are used. */
const CONNECTIONS_KEPT_MS = 600_000;

/** A kind of object, with what its path in the API is made of. */
export interface Resource {
  readonly apiVersion: string;
  readonly kind: string;
  readonly plural: string;
}

/** The kinds that are used. */
export const resources = {
  feeds: { apiVersion: "feeds.ratesapp.dev/v1", kind: "Feed", plural: "feeds" },
  cronJobs: { apiVersion: "batch/v1", kind: "CronJob", plural: "cronjobs" },
  jobs: { apiVersion: "batch/v1", kind: "Job", plural: "jobs" },
  pods: { apiVersion: "v1", kind: "Pod", plural: "pods" },
  networkPolicies: { apiVersion: "networking.k8s.io/v1", kind: "NetworkPolicy", plural: "networkpolicies" },
  configMaps: { apiVersion: "v1", kind: "ConfigMap", plural: "configmaps" },
  persistentVolumeClaims: { apiVersion: "v1", kind: "PersistentVolumeClaim", plural: "persistentvolumeclaims" },
  databaseClusters: { apiVersion: "postgresql.cnpg.io/v1", kind: "Cluster", plural: "clusters" },
  backups: { apiVersion: "postgresql.cnpg.io/v1", kind: "Backup", plural: "backups" },
  leases: { apiVersion: "coordination.k8s.io/v1", kind: "Lease", plural: "leases" },
  events: { apiVersion: "events.k8s.io/v1", kind: "Event", plural: "events" },
} as const satisfies Record<string, Resource>;

const PATCHES = {
  apply: "application/apply-patch+yaml",
  merge: "application/merge-patch+json",
  json: "application/json-patch+json",
} as const;

interface Query {
  readonly labelSelector?: string | undefined;
  readonly limit?: number;
  readonly continue?: string | undefined;
}

/**
 * The objects of one namespace, as JSON. The library's own clients convert instants to Dates, and its watches leave
 * them as text, so the same object would have two forms; here instants are always text. The library provides
 * credentials, proxies and certificates.
 */
export class KubernetesApi {
  readonly config: KubeConfig;
  readonly namespace: string;
  /** Name under which fields are owned (server-side apply). */
  readonly #manager: string;
  #connections: { dispatcher: Dispatcher; untilMs: number } | undefined;

  constructor(config: KubeConfig, namespace: string, manager: string) {
    this.config = config;
    this.namespace = namespace;
    this.#manager = manager;
  }

  pathOf({ apiVersion, plural }: Resource, name?: string, subresource?: string): string {
    const base = apiVersion.includes("/") ? `/apis/${apiVersion}` : `/api/${apiVersion}`;
    return [base, "namespaces", this.namespace, plural, name, subresource]
      .filter((part) => part !== undefined)
      .join("/");
  }

  get<T extends KubernetesObject>(resource: Resource, name: string, signal?: AbortSignal): Promise<T> {
    return this.#send("GET", this.pathOf(resource, name), { signal });
  }

  /**
   * All objects, read in pages so that neither side holds thousands of whole objects in memory.
   * @param keep reduces each object to what is kept of it.
   */
  async list<T extends KubernetesObject>(
    resource: Resource,
    labelSelector?: string,
    keep: (object: T) => T = (object) => object,
  ): Promise<{ items: T[]; resourceVersion: string }> {
    const items: T[] = [];
    let next: string | undefined;
    for (;;) {
      const page = await this.#send<List<T>>("GET", this.pathOf(resource), {
        query: { labelSelector, limit: PAGE, continue: next },
      });
      items.push(...page.items.map(keep));
      next = page.metadata.continue || undefined;
      if (next === undefined) return { items, resourceVersion: page.metadata.resourceVersion };
    }
  }

  /** @param dryRun creates nothing, and only checks whether the object would be accepted. */
  create<T extends KubernetesObject>(resource: Resource, object: object, { dryRun = false } = {}): Promise<T> {
    const body = this.#typed(resource, object);
    return this.#send("POST", this.pathOf(resource), { body, ...(dryRun && { query: { dryRun: "All" } }) });
  }

  replace<T extends KubernetesObject>(resource: Resource, object: T, signal?: AbortSignal): Promise<T> {
    return this.#send("PUT", this.pathOf(resource, object.metadata.name), {
      body: this.#typed(resource, object),
      signal,
    });
  }

  /** Sets these fields, and removes fields that an earlier call has set and this one does not contain. */
  apply<T extends KubernetesObject>(resource: Resource, object: T): Promise<T> {
    return this.#send("PATCH", this.pathOf(resource, object.metadata.name), {
      body: this.#typed(resource, object),
      contentType: PATCHES.apply,
      query: { force: true },
    });
  }

  patch<T extends KubernetesObject>(
    resource: Resource,
    name: string,
    kind: "merge" | "json",
    patch: object,
    subresource?: "status",
  ): Promise<T> {
    return this.#send("PATCH", this.pathOf(resource, name, subresource), { body: patch, contentType: PATCHES[kind] });
  }

  /**
   * @param propagation `Background` where an operator would make again what the deletion waits for.
   */
  delete(resource: Resource, name: string, propagation: "Foreground" | "Background" = "Foreground"): Promise<unknown> {
    const body = { apiVersion: "v1", kind: "DeleteOptions", propagationPolicy: propagation };
    return this.#send("DELETE", this.pathOf(resource, name), { body });
  }

  /** What a container of a pod has written. */
  async log(pod: string, query: { readonly container: string; readonly tailLines: number }): Promise<string> {
    const response = await this.#ask("GET", this.pathOf(resources.pods, pod, "log"), { query });
    const text = await response.text();
    if (response.ok) return text;
    throw new KubernetesError(response.status, response.statusText, text);
  }

  #typed({ apiVersion, kind }: Resource, object: object): object {
    return { apiVersion, kind, ...object };
  }

  /**
   * Keeps connections for several requests. The library would make new ones for each request, and an idle operator
   * would spend CPU time on handshakes, and memory until those connections are collected.
   */
  #kept(made: Dispatcher | undefined): Dispatcher | undefined {
    const nowMs = performance.now();
    if (this.#connections && nowMs < this.#connections.untilMs) return this.#connections.dispatcher;
    void this.#connections?.dispatcher.close();
    this.#connections = made && { dispatcher: made, untilMs: nowMs + CONNECTIONS_KEPT_MS };
    return made;
  }

  async #send<T>(method: keyof typeof HttpMethod, path: string, given: Given): Promise<T> {
    const response = await this.#ask(method, path, given);
    const answer = (await response.json().catch(() => undefined)) as (T & Status) | undefined;
    if (response.ok && answer !== undefined) return answer;
    throw new KubernetesError(
      response.status,
      answer?.reason ?? response.statusText,
      answer?.message ?? `${response.status} ${response.statusText}`,
    );
  }

  async #ask(method: keyof typeof HttpMethod, path: string, given: Given): Promise<Response> {
    const { body, contentType = "application/json", query = {}, signal } = given;
    const url = new URL((this.config.getCurrentCluster()?.server ?? "") + path);
    const asked = method === "GET" || method === "DELETE" ? query : { fieldManager: this.#manager, ...query };
    for (const [name, value] of Object.entries(asked)) {
      if (value !== undefined) url.searchParams.set(name, String(value));
    }
    const context = new RequestContext(url.toString(), HttpMethod[method]);
    await this.config.applySecurityAuthentication(context);
    const dispatcher = this.#kept(context.getDispatcher());
    const timeout = AbortSignal.timeout(REQUEST_TIMEOUT_MS);
    return fetch(url, {
      method,
      headers: { ...context.getHeaders(), Accept: "application/json", "Content-Type": contentType },
      ...(body !== undefined && { body: JSON.stringify(body) }),
      ...(dispatcher && { dispatcher }),
      signal: signal ? AbortSignal.any([signal, timeout]) : timeout,
    });
  }
}

interface Given {
  readonly body?: object;
  readonly contentType?: string;
  readonly query?:
    | Query
    | { readonly container: string; readonly tailLines: number }
    | { readonly force: true }
    | { readonly dryRun: "All" };
  readonly signal?: AbortSignal | undefined;
}

interface List<T> {
  readonly items: T[];
  readonly metadata: { readonly resourceVersion: string; readonly continue?: string };
}

interface Status {
  readonly reason?: string;
  readonly message?: string;
}
