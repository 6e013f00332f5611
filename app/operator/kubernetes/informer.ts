import { type Backoff, waitAfter } from "../../database/backoff.js";
import type { Log } from "../../database/log.js";
import { ListWatch, Watch } from "./client-library.js";
import type { KubernetesApi, Resource } from "./kubernetes-api.js";
import type { KubernetesObject } from "./objects.js";

const AGAIN: Backoff = { firstMs: 750, longestMs: 15_000, jitter: 2 / 3 };
const CHANGES: ReadonlySet<string> = new Set(["ADDED", "MODIFIED", "DELETED"]);
/**
 * A watch that says nothing for this long is taken for lost. The API server says a bookmark about once a minute, also
 * where no object of the kind changes, if its etcd tells it of its progress; such a watch lasts until the API server
 * ends it (30 minutes or more). With the library's 30 s, each watch would begin again twice a minute, with a TLS
 * handshake each time.
 */
const SILENT_MS = 150_000;

export interface InformerOptions<T> {
  readonly labelSelector?: string;
  /** What of an object is read here. The rest is forgotten, or it would be most of the process' memory. */
  keep(object: T): T;
  readonly log: Log;
  /** Called for each object that is new, changed or gone. */
  onChange(object: T): void;
}

/**
 * A copy of all objects of a kind, kept in step by a watch. The library begins anew where it must (410: what changed
 * meanwhile is forgotten; a watch that ends or says nothing for too long). After any other error, such as an API server
 * that restarts, it stops; it is then started again here, with growing waits.
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
    // The library has no other way to set it.
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
          // An error is no object of the kind.
          (phase, object) => onEvent(phase, CHANGES.has(phase) ? keep(object) : object),
          onDone,
        ),
    };
    this.#watched = new ListWatch(api.pathOf(resource), keeping as never, list as never, false, labelSelector);
    this.#watched.on("change", onChange);
    this.#watched.on("error", (error: unknown) => this.#again(error));
  }

  /** True once all objects are known. They then stay known, if a little late while the API server is away. */
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
    // An error calls back before this.
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
