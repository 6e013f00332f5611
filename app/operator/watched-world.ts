import type { Log } from "../database/log.js";
import { sleep } from "../sleep.js";
import { FEED_LABEL, type IngestDefaults, selectorOf } from "./desired/ingest-defaults.js";
import type { Feed } from "./feed/feed.js";
import { keptCronJob, keptFeed, keptJob, keptObject, keptPod } from "./kept.js";
import { Informer } from "./kubernetes/informer.js";
import { type KubernetesApi, resources } from "./kubernetes/kubernetes-api.js";
import type { Job, KnownCronJob, KubernetesObject, Pod } from "./kubernetes/objects.js";

const LOOK_EVERY_MS = 50;

/** All objects that the operator reads, kept up to date by watches. */
export class WatchedWorld {
  readonly #namespace: string;
  readonly #feeds: Informer<Feed>;
  readonly #cronJobs: Informer<KnownCronJob>;
  readonly #networkPolicies: Informer<KubernetesObject> | undefined;
  readonly #jobs: Informer<Job>;
  readonly #pods: Informer<Pod>;

  /** @param onChange called when an object is new, changed or deleted, with the name of its feed. */
  constructor(api: KubernetesApi, defaults: IngestDefaults, log: Log, onChange: (feed: string) => void) {
    this.#namespace = api.namespace;
    const labelSelector = Object.entries(selectorOf(defaults))
      .map(([label, value]) => `${label}=${value}`)
      .join(",");
    const made = {
      log,
      onChange: ({ metadata }: KubernetesObject) => {
        const feed = metadata.labels?.[FEED_LABEL];
        if (feed !== undefined) onChange(feed);
      },
    };
    this.#feeds = new Informer<Feed>(api, resources.feeds, {
      log,
      keep: keptFeed,
      onChange: ({ metadata }) => onChange(metadata.name),
    });
    // Watches all CronJobs: a foreign one may already have the name of a Feed.
    this.#cronJobs = new Informer<KnownCronJob>(api, resources.cronJobs, { ...made, keep: keptCronJob });
    this.#networkPolicies =
      defaults.addressFamilies === null
        ? undefined
        : new Informer<KubernetesObject>(api, resources.networkPolicies, { ...made, keep: keptObject });
    this.#jobs = new Informer<Job>(api, resources.jobs, { ...made, keep: keptJob, labelSelector });
    this.#pods = new Informer<Pod>(api, resources.pods, { ...made, keep: keptPod, labelSelector });
  }

  /** Returns when all objects are known, or the signal is aborted. */
  async start(signal: AbortSignal): Promise<void> {
    await Promise.all(this.#informers.map((informer) => informer.start()));
    while (!this.synced && !signal.aborted) await sleep(LOOK_EVERY_MS, signal).catch(() => {});
  }

  async stop(): Promise<void> {
    await Promise.all(this.#informers.map((informer) => informer.stop()));
  }

  get synced(): boolean {
    return this.#informers.every(({ synced }) => synced);
  }

  get #informers() {
    const policies = this.#networkPolicies ? [this.#networkPolicies] : [];
    return [this.#feeds, this.#cronJobs, ...policies, this.#jobs, this.#pods];
  }

  feeds(): readonly Feed[] {
    return this.#feeds.list();
  }

  feed(name: string): Feed | undefined {
    return this.#feeds.get(name, this.#namespace);
  }

  cronJob(name: string): KnownCronJob | undefined {
    return this.#cronJobs.get(name, this.#namespace);
  }

  networkPolicy(name: string): KubernetesObject | undefined {
    return this.#networkPolicies?.get(name, this.#namespace);
  }

  jobs(feed: string): readonly Job[] {
    return this.#jobs.list().filter(({ metadata }) => metadata.labels?.[FEED_LABEL] === feed);
  }

  pods(feed: string): readonly Pod[] {
    return this.#pods.list().filter(({ metadata }) => metadata.labels?.[FEED_LABEL] === feed);
  }
}
