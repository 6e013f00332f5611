import { type Backoff, waitAfter } from "../../database/backoff.js";
import type { Log } from "../../database/log.js";
import { ListWatch, Watch } from "./client-library.js";
import type { KubernetesApi, Resource } from "./kubernetes-api.js";
import type { KubernetesObject } from "./objects.js";

const AGAIN: Backoff = { firstMs: 750, longestMs: 15_000, jitter: 2 / 3 };
const CHANGES: ReadonlySet<string> = new Set(["ADDED", "MODIFIED", "DELETED"]);
/**
 * A watch on which nothing arrives for this long is regarded as lost. Most API servers send a bookmark about once a
 * minute even if no object changes, so such a watch lasts until the API server ends it (30 minutes or more). With the
 * library's 30 s, each watch would begin again twice a minute, with a TLS handshake each time.
 */
const SILENT_MS = 150_000;

export interface InformerOptions<T> {
  readonly labelSelector?: string;
  /** Reduces an object to what is read of it. Whole objects would take most of the memory of the process. */
  keep(object: T): T;
  readonly log: Log;
  /** Called for each object that is new, changed or deleted. */
  onChange(object: T): void;
}

/**
 * A copy of all objects of a kind, kept up to date by a watch. If a watch ends, is silent for too long, or is refused
 * because the API server no longer has the changes since then (410), the library begins again. After any other error,
 * such as a restart of the API server, the library stops, and this class starts it again, with growing waits.
 */
export class Informer<T extends KubernetesObject> {
  readonly #watched: ListWatch<never>;
  readonly #log: Log;
  readonly #plural: string;
  #restart: NodeJS.Timeout | undefined;
  #failures = 0;
  #failed = false;
  #stopped = false;
  #synced = false;

  constructor(api: KubernetesApi, resource: Resource, { keep, labelSelector, log, onChange }: InformerOptions<T>) {
    this.#log = log;
    this.#plural = resource.plural;
    const list = async () => {
      const { items, resourceVersion } = await api.list<T>(resource, labelSelector, keep);
      return { items, metadata: { resourceVersion } };
    };
    const watch = new Watch(api.config);
    // The library has no option for it.
    Reflect.set(watch, "requestTimeoutMs", SILENT_MS);
    const keeping = {
      watch: (
        path: string,
        query: object,
        onEvent: (phase: string, object: T) => void,
        onDone: (error: unknown) => void,
      ) =>
        watch.watch(
          path,
          { ...query, allowWatchBookmarks: true },
          // The object of an ERROR event is a Status.
          (phase, object) => onEvent(phase, CHANGES.has(phase) ? keep(object) : object),
          onDone,
        ),
    };
    this.#watched = new ListWatch(api.pathOf(resource), keeping as never, list as never, false, labelSelector);
    this.#watched.on("change", onChange);
    this.#watched.on("error", (error: unknown) => this.#again(error));
  }

  /** True once all objects are known. It stays so while the API server is away, with objects as they were before. */
  get synced(): boolean {
    return this.#synced;
  }

  get(name: string, namespace: string): T | undefined {
    return this.#watched.get(name, namespace) as T | undefined;
  }

  list(): readonly T[] {
    return this.#watched.list() as readonly T[];
  }

  async start(): Promise<void> {
    this.#failed = false;
    await this.#watched.start();
    // If it failed, the error handler was called before this line.
    if (this.#failed) return;
    this.#synced = true;
    this.#failures = 0;
  }

  async stop(): Promise<void> {
    this.#stopped = true;
    clearTimeout(this.#restart);
    await this.#watched.stop();
  }

  #again(error: unknown): void {
    this.#failed = true;
    if (this.#stopped) return;
    this.#log.warn({ error: String(error), kind: this.#plural }, "a watch of the API server ended; it begins again");
    clearTimeout(this.#restart);
    this.#failures += 1;
    this.#restart = setTimeout(
      () => this.start().catch((reason) => this.#again(reason)),
      waitAfter(this.#failures, AGAIN),
    );
  }
}
