import { randomUUID } from "node:crypto";
import { once } from "node:events";
import { hostname } from "node:os";
import type { Database } from "../database/database.js";
import { resultName } from "../drill/result-name.js";
import type { Health } from "../telemetry/health.js";
import type { Logger } from "../telemetry/logger.js";
import type { IngestDefaults } from "./desired/ingest-defaults.js";
import { watchDrills } from "./drill-metrics.js";
import { Events } from "./kubernetes/events.js";
import { type KubernetesApi, resources } from "./kubernetes/kubernetes-api.js";
import { LeaderElection } from "./kubernetes/leader-election.js";
import { reconcileSeconds, reconciles, type WatchedFeed, watchOperator } from "./operator-metrics.js";
import { Reconciler } from "./reconciler.js";
import { retractFeed } from "./retract-feed.js";
import { FeedBatches } from "./status/feed-batches.js";
import { FeedReports } from "./status/feed-reports.js";
import { overdueSeconds } from "./status/overdue.js";
import { WatchedWorld } from "./watched-world.js";
import { WorkQueue } from "./work-queue.js";

/** Name under which the operator owns fields and reports Events. */
export const MANAGER = "ratesapp-operator";

const WORKERS = 16;

export interface OperatorOptions {
  readonly api: KubernetesApi;
  readonly defaults: IngestDefaults;
  readonly database: Database;
  readonly health: Health;
  readonly log: Logger;
  readonly retractableDays: number;
}

/**
 * Makes a CronJob of each Feed, and says in the Feed's status what becomes of its deliveries. If several processes run,
 * one leads and works, and the others wait. If none runs, CronJobs still start runs.
 */
export class Operator {
  readonly #options: OperatorOptions;
  readonly #identity = `${hostname()}_${randomUUID().slice(0, 8)}`;
  readonly #election: LeaderElection;
  #world: WatchedWorld | undefined;
  #queue: WorkQueue | undefined;

  constructor(options: OperatorOptions) {
    this.#options = options;
    const { api, defaults, health, log } = options;
    this.#election = new LeaderElection(api, {
      name: `${defaults.name}-operator`,
      identity: this.#identity,
      log,
      lead: (signal) => this.#lead(signal),
    });
    health.add("kubernetes", () => this.#election.lastError);
    health.add("watches", () =>
      this.#election.leading && !this.#world?.synced ? "not all objects are known yet" : undefined,
    );
  }

  /** Works until the signal is aborted; then ends the work at hand and gives up the Lease. */
  async run(stop: AbortSignal): Promise<void> {
    watchOperator({
      queueDepth: () => this.#queue?.depth ?? 0,
      leading: () => this.#election.leading,
      feeds: () => this.#watchedFeeds(),
    });
    const { api, defaults } = this.#options;
    watchDrills({ api, name: resultName(defaults.name) });
    try {
      await this.#election.run(stop);
    } finally {
      watchDrills(undefined);
      watchOperator(undefined);
    }
  }

  #watchedFeeds(): WatchedFeed[] {
    const world = this.#world;
    if (!world?.synced) return [];
    return world.feeds().map((feed) => ({
      name: feed.metadata.name,
      conditions: feed.status?.conditions ?? [],
      overdueSeconds: () => overdueSeconds(feed, world.cronJob(feed.metadata.name), new Date()),
    }));
  }

  async #lead(signal: AbortSignal): Promise<void> {
    const { api, database, defaults, log } = this.#options;
    const world: WatchedWorld = new WatchedWorld(api, defaults, log, (feed) => {
      this.#queue?.add(feed);
      reports.changed();
    });
    const reports = new FeedReports(database, log, () => world.feeds());
    this.#world = world;
    const names = () => world.feeds().map(({ metadata }) => metadata.name);
    const batches = new FeedBatches(database, { log, feeds: names, onChange: (feed) => this.#queue?.add(feed) });
    try {
      await world.start(signal);
      // Otherwise each first status would say for a moment that the database is away.
      await batches.read();
      const queue = this.#startQueue(world, batches, signal);
      this.#queue = queue;
      for (const name of names()) queue.add(name);
      log.info({ feeds: names().length }, "all objects are known");
      await Promise.all([batches.watch(signal), reports.watch(signal), signal.aborted || once(signal, "abort")]);
    } finally {
      await this.#queue?.stop();
      this.#queue = undefined;
      this.#world = undefined;
      await world.stop();
    }
  }

  /** To be called when all objects are known. Otherwise the operator would create objects that exist already. */
  #startQueue(world: WatchedWorld, batches: FeedBatches, signal: AbortSignal): WorkQueue {
    const { api, database, defaults, log, retractableDays } = this.#options;
    const reconciler = new Reconciler({
      api,
      defaults,
      events: new Events(api, resources.feeds, MANAGER, this.#identity, log),
      world: {
        feed: (name) => world.feed(name),
        cronJob: (name) => world.cronJob(name),
        networkPolicy: (name) => world.networkPolicy(name),
        jobs: (feed) => world.jobs(feed),
        pods: (feed) => world.pods(feed),
        batches: (feed) => batches.of(feed),
      },
      readBatches: (feed) => batches.readFeed(feed),
      // Once the signal is aborted, another process may lead, so this one must stop.
      retract: (feed) => retractFeed(database.with({ signal }), feed, retractableDays),
      again: (feed, delayMs) => queue.addAfter(feed, delayMs),
    });
    const queue = new WorkQueue({
      workers: WORKERS,
      work: async (feed) => {
        const end = reconcileSeconds.startTimer();
        await reconciler.reconcile(feed);
        end();
        reconciles.inc({ result: "ok" });
      },
      onError: (feed, error, delayMs) => {
        reconciles.inc({ result: "error" });
        log.warn(
          { feed, error: String(error), retry_in_ms: Math.round(delayMs) },
          "a feed could not be brought in line",
        );
      },
    });
    return queue;
  }
}
