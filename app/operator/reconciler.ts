import { createHash } from "node:crypto";
import { whyCatchUp } from "./catch-up-run.js";
import { desiredCronJob } from "./desired/cron-job.js";
import { type IngestDefaults, objectName } from "./desired/ingest-defaults.js";
import { desiredNetworkPolicy } from "./desired/network-policy.js";
import { runJob } from "./desired/run-job.js";
import { type Feed, RETRACT_FINALIZER, RUN_AT } from "./feed/feed.js";
import { feedSpec } from "./feed/feed-spec.js";
import type { FeedStatus } from "./feed/feed-status.js";
import { type Applied, adopt, isForeign } from "./kubernetes/adopt.js";
import type { Events } from "./kubernetes/events.js";
import { type KubernetesApi, type Resource, resources } from "./kubernetes/kubernetes-api.js";
import { isStatus, KubernetesError } from "./kubernetes/kubernetes-error.js";
import type { CronJob, Job, KnownCronJob, KubernetesObject, Pod } from "./kubernetes/objects.js";
import type { KnownBatches } from "./status/feed-batches.js";
import { happenedSince } from "./status/happened.js";
import { LATE_AFTER_MS } from "./status/lateness.js";
import type { Problem } from "./status/observed.js";
import { type Runs, readRuns } from "./status/runs.js";
import { type ActedOn, isSameStatus, statusOf } from "./status/status-of.js";

/** Longest time until a Feed is looked at again: once a day by time alone, and sooner while it is late. */
const AGAIN_AFTER_MS = 86_400_000;
/** A run that has not begun is given up an hour after it was due, which nothing tells but the time. */
const AGAIN_WHILE_LATE_MS = 600_000;

/** A Job that was made is known to the world by then, however late its watch is. */
const KNOWN_WITHIN_MS = 30_000;

/** What the reconciler knows without asking. */
export interface World {
  feed(name: string): Feed | undefined;
  cronJob(name: string): KnownCronJob | undefined;
  networkPolicy(name: string): KubernetesObject | undefined;
  /** Of a feed. */
  jobs(feed: string): readonly Job[];
  pods(feed: string): readonly Pod[];
  batches(feed: string): KnownBatches;
}

export interface ReconcilerOptions {
  readonly api: KubernetesApi;
  readonly defaults: IngestDefaults;
  readonly events: Events;
  readonly world: World;
  /** Reads the batches of a feed anew, so that the world then knows those of a run that has just ended. */
  readBatches(feed: string): Promise<void>;
  /** Hides what a feed published. @returns how many batches, and how many are too old for it. */
  retract(feed: string): Promise<{ retracted: number; tooOld: number }>;
  /** Looks at a Feed again later. */
  again(feed: string, delayMs: number): void;
}

/**
 * Brings what a Feed asks for about, from whatever is there: the same Feed looked at twice changes nothing. Nothing is
 * kept between two looks that would be missed after a restart.
 */
export class Reconciler {
  readonly #options: ReconcilerOptions;
  /** What was applied last, by kind and name: applying the same to the same object is left out. */
  readonly #applied = new Map<string, { hash: string; version: string | undefined; generation: number }>();

  /** The Job of the newest request of a feed, until the world knows it: without it, no run would seem under way. */
  readonly #started = new Map<string, { readonly job: Job; readonly atMs: number }>();

  constructor(options: ReconcilerOptions) {
    this.#options = options;
  }

  async reconcile(name: string): Promise<void> {
    const { world } = this.#options;
    const feed = world.feed(name);
    // What it owned goes with it.
    if (!feed) return this.#forget(name);
    if (feed.metadata.deletionTimestamp) return this.#end(feed);
    if (await this.#keepFinalizer(feed)) return;
    const problem = await this.#bringAbout(feed);
    const acted: ActedOn = { lastRunRequest: feed.status?.lastRunRequest, madeUpFor: feed.status?.madeUpFor };
    const failure = problem ? undefined : await this.#startOwedRuns(feed, acted);
    await this.#tellStatus(feed, problem, acted);
    if (failure) throw failure;
    if (problem && !problem.forGood) throw new Error(problem.message);
  }

  #forget(feed: string): void {
    const name = objectName(feed, this.#options.defaults);
    for (const { plural } of [resources.cronJobs, resources.networkPolicies]) this.#applied.delete(`${plural}/${name}`);
  }

  /** Puts the finalizer on, or takes it away. @returns whether it did: the Feed then comes again, changed. */
  async #keepFinalizer({ metadata, spec }: Feed): Promise<boolean> {
    const finalizers = metadata.finalizers ?? [];
    const wanted = spec.onDelete === "Retract";
    if (finalizers.includes(RETRACT_FINALIZER) === wanted) return false;
    const others = finalizers.filter((finalizer) => finalizer !== RETRACT_FINALIZER);
    await this.#setFinalizers(metadata, wanted ? [...others, RETRACT_FINALIZER] : others);
    return true;
  }

  async #setFinalizers({ name, resourceVersion }: Feed["metadata"], finalizers: readonly string[]): Promise<void> {
    const patch = { metadata: { resourceVersion, finalizers } };
    await this.#options.api.patch(resources.feeds, name, "merge", patch);
  }

  /** @returns why the Feed is not in force, if it is not. */
  async #bringAbout(feed: Feed): Promise<Problem | undefined> {
    const { defaults, world } = this.#options;
    const mistakes = mistakesIn(feed, defaults);
    if (mistakes.length > 0) return { reason: "InvalidSpec", message: mistakes.join("; "), forGood: true };
    const name = objectName(feed.metadata.name, defaults);
    const policy = desiredNetworkPolicy(feed, defaults);
    try {
      // First, so that no run begins without it.
      if (policy) await this.#apply(feed, resources.networkPolicies, policy, world.networkPolicy(name));
      else if (isOwn(feed, world.networkPolicy(name))) {
        await orNone(this.#options.api.delete(resources.networkPolicies, name));
      }
      const made = await this.#apply(feed, resources.cronJobs, desiredCronJob(feed, defaults), world.cronJob(name));
      if (made) {
        const note = `Made CronJob ${name}`;
        await this.#options.events.tell(feed, { type: "Normal", reason: "Created", action: "Apply", note });
      }
      return undefined;
    } catch (error) {
      if (!(error instanceof KubernetesError)) throw error;
      return { reason: error.reason || "ApplyFailed", message: error.message, forGood: error.isRefusal };
    }
  }

  /** @returns whether the object was made anew. */
  async #apply<T extends Applied>(
    feed: Feed,
    resource: Resource,
    desired: T,
    live: KubernetesObject | undefined,
  ): Promise<boolean> {
    const { api, events } = this.#options;
    const { name } = desired.metadata;
    if (live && isForeign(feed, live)) {
      throw new KubernetesError(
        409,
        "NameTaken",
        `${resource.kind} ${name} is there already and belongs to something else`,
      );
    }
    const key = `${resource.plural}/${name}`;
    const hash = createHash("sha256").update(JSON.stringify(desired)).digest("base64");
    const last = this.#applied.get(key);
    if (live && last?.hash === hash && last.version === live.metadata.resourceVersion) return false;
    if (live && !live.metadata.ownerReferences?.length) {
      await adopt(api, resource, desired);
      const note = `${resource.kind} ${name} was there before the Feed; the operator looks after it from now on`;
      await events.tell(feed, { type: "Normal", reason: "Adopted", action: "Adopt", note });
    }
    const applied = await api.apply(resource, desired);
    const { generation = 0, resourceVersion } = applied.metadata;
    this.#applied.set(key, { hash, version: resourceVersion, generation });
    // One that is known here may have been deleted a moment ago.
    if (!live || applied.metadata.uid !== live.metadata.uid) return true;
    const seen = live.metadata.generation ?? 0;
    if (last && seen > last.generation && generation > seen) {
      const note = `${resource.kind} ${name} was changed by other means and is put right`;
      await events.tell(feed, { type: "Warning", reason: "PutRight", action: "Apply", note });
    }
    return false;
  }

  /**
   * Starts a run that was missed, and one that was asked for. What was started is noted in `acted`, and from there in
   * the status, only once its Job is there: an API server that fails in between loses no run.
   * @returns why a run could not be started.
   */
  async #startOwedRuns(feed: Feed, acted: ActedOn): Promise<Error | undefined> {
    try {
      await this.#catchUp(feed, acted);
      await this.#startRequestedRun(feed, acted);
      return undefined;
    } catch (error) {
      const failure = error as Error;
      const note = `A run could not be started, and is tried again: ${failure.message}`;
      await this.#options.events.tell(feed, { type: "Warning", reason: "RunNotStarted", action: "Run", note });
      return failure;
    }
  }

  /** A CronJob that was lost, such as by an upgrade from a chart that made it, took its runs with it. */
  async #catchUp(feed: Feed, acted: ActedOn): Promise<void> {
    const { api, defaults, world } = this.#options;
    const cronJob = world.cronJob(objectName(feed.metadata.name, defaults));
    // One that was made a moment ago is not known yet; the Feed comes again once it is.
    if (!cronJob?.metadata.uid || cronJob.metadata.uid === acted.madeUpFor || cronJob.metadata.deletionTimestamp)
      return;
    const { name, uid } = cronJob.metadata;
    const why = whyCatchUp(feed, cronJob, world.jobs(feed.metadata.name), world.batches(feed.metadata.name));
    if (why === null) return;
    if (why) {
      const live = await api.get<CronJob>(resources.cronJobs, name);
      if (live.metadata.uid !== uid) return;
      await this.#startRun(feed, live, `missed before ${uid}`, why);
    }
    acted.madeUpFor = uid;
  }

  /** @param request one Job is made for it, however often this is called. @param why for people. */
  async #startRun(feed: Feed, cronJob: CronJob, request: string, why: string): Promise<void> {
    const { again, api, events } = this.#options;
    const job = runJob(cronJob, request);
    try {
      const started = await api.create<Job>(resources.jobs, job);
      this.#started.set(feed.metadata.name, { job: started, atMs: performance.now() });
      again(feed.metadata.name, KNOWN_WITHIN_MS + 1_000);
      const note = `Started Job ${job.metadata.name}: ${why}`;
      await events.tell(feed, { type: "Normal", reason: "RunStarted", action: "Run", note });
    } catch (error) {
      // It was made for this request already, and the status that says so did not get through.
      if (!isStatus(error, 409)) throw error;
    }
  }

  async #startRequestedRun(feed: Feed, acted: ActedOn): Promise<void> {
    const { api, defaults } = this.#options;
    const request = feed.metadata.annotations?.[RUN_AT];
    if (!request || request === acted.lastRunRequest) return;
    const cronJob = await api.get<CronJob>(resources.cronJobs, objectName(feed.metadata.name, defaults));
    await this.#startRun(feed, cronJob, request, `asked for (${request})`);
    acted.lastRunRequest = request;
  }

  async #tellStatus(feed: Feed, problem: Problem | undefined, acted: ActedOn): Promise<void> {
    const { again, api, defaults, events, world } = this.#options;
    const { name } = feed.metadata;
    const cronJob = world.cronJob(objectName(name, defaults));
    const runs = readRuns(this.#jobs(name), world.pods(name));
    if (runs.active.length === 0 && isNewEnd(feed.status, runs)) await this.#options.readBatches(name);
    const now = new Date();
    const status = statusOf({ feed, problem, cronJob, runs, batches: world.batches(name), now }, acted);
    again(name, untilNextChange(status, now));
    if (isSameStatus(feed.status, status)) return;
    try {
      // The whole status is replaced. Server-side apply would refuse it where the definition of the release before is
      // still in force, which does not know all its fields; here the API server leaves them out.
      await api.patch(resources.feeds, name, "json", [{ op: "add", path: "/status", value: status }], "status");
    } catch (error) {
      if (isStatus(error, 404)) return;
      throw error;
    }
    for (const happened of happenedSince(feed.status, status)) await events.tell(feed, happened);
  }

  #jobs(feed: string): readonly Job[] {
    const known = this.#options.world.jobs(feed);
    const started = this.#started.get(feed);
    if (!started) return known;
    const { atMs, job } = started;
    const isKnown = known.some(({ metadata }) => metadata.name === job.metadata.name);
    // One that was deleted at once may never be known.
    if (!isKnown && performance.now() - atMs < KNOWN_WITHIN_MS) return [...known, job];
    this.#started.delete(feed);
    return known;
  }

  /** A Feed that is deleted and whose prices are to go as well. */
  async #end(feed: Feed): Promise<void> {
    const { api, defaults, events, retract, world } = this.#options;
    const { finalizers = [], name } = feed.metadata;
    if (!finalizers.includes(RETRACT_FINALIZER)) return;
    if (feed.spec.onDelete === "Retract") {
      const cronJob = world.cronJob(objectName(name, defaults));
      const ours = isOwn(feed, cronJob);
      if (ours && !cronJob?.metadata.deletionTimestamp) {
        await orNone(api.delete(resources.cronJobs, objectName(name, defaults)));
      }
      // Otherwise a run that is still under way would publish after the retract.
      if (ours || this.#jobs(name).length > 0 || world.pods(name).some(mayPublish))
        return this.#options.again(name, 1_000);
      const { retracted, tooOld } = await retract(name);
      const left = tooOld > 0 ? `; ${tooOld} can no longer be retracted and stay` : "";
      const note = `Batches that consumers no longer see: ${retracted}${left}`;
      await events.tell(feed, { type: "Normal", reason: "Retracted", action: "Retract", note });
    }
    const newest = await orNone(api.get<Feed>(resources.feeds, name));
    if (newest)
      await this.#setFinalizers(
        newest.metadata,
        finalizers.filter((finalizer) => finalizer !== RETRACT_FINALIZER),
      );
  }
}

/** What the API server lets through: what it took before the rules of today, and what only the operator knows. */
function mistakesIn({ spec }: Feed, { secretNames }: IngestDefaults): string[] {
  const issues = feedSpec.safeParse(spec).error?.issues ?? [];
  const mistakes = issues.map(({ path, message }) => `spec.${path.join(".")}: ${message}`);
  const { credentialsSecretName: secret } = spec;
  if (secret === undefined || !secretNames.includes(secret)) return mistakes;
  return [...mistakes, `spec.credentialsSecretName: ${secret} is the release's own; make a Secret for the feed`];
}

const mayPublish = ({ status }: Pod): boolean => status?.phase !== "Succeeded" && status?.phase !== "Failed";

/** Whether an object is there and may be deleted: another owner's may have the same name. */
const isOwn = (feed: Feed, live: KubernetesObject | undefined): boolean => live !== undefined && !isForeign(feed, live);

/** Whether a run has ended of which the status does not say so yet. */
function isNewEnd(status: FeedStatus | undefined, { newest }: Runs): boolean {
  const ingesting = status?.conditions?.find(({ type }) => type === "Ingesting");
  return ingesting?.status === "True" || (newest !== undefined && status?.lastRun !== newest.metadata.name);
}

/** What is not there (any more) is no error. */
async function orNone<T>(answer: Promise<T>): Promise<T | undefined> {
  try {
    return await answer;
  } catch (error) {
    if (isStatus(error, 404)) return undefined;
    throw error;
  }
}

/** When the status will say something else by time alone. */
function untilNextChange({ conditions = [], nextRun }: FeedStatus, now: Date): number {
  const late = conditions.some(({ type, status }) => type === "Late" && status === "True");
  const longest = late ? AGAIN_WHILE_LATE_MS : AGAIN_AFTER_MS;
  if (nextRun === undefined) return longest;
  return Math.min(longest, Math.max(1_000, Date.parse(nextRun) - +now + LATE_AFTER_MS + 1_000));
}
