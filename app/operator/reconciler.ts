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

/** A Feed is looked at again once a day, even if nothing of it has changed. */
const AGAIN_AFTER_MS = 86_400_000;
/** Kubernetes sends no event when it gives up a run after an hour, so the operator looks again. */
const AGAIN_WHILE_LATE_MS = 600_000;

/** After this time the watch has reported a new Job. */
const KNOWN_WITHIN_MS = 30_000;

/** What the reconciler knows without a request. */
export interface World {
  feed(name: string): Feed | undefined;
  cronJob(name: string): KnownCronJob | undefined;
  networkPolicy(name: string): KubernetesObject | undefined;
  jobs(feed: string): readonly Job[];
  pods(feed: string): readonly Pod[];
  batches(feed: string): KnownBatches;
}

export interface ReconcilerOptions {
  readonly api: KubernetesApi;
  readonly defaults: IngestDefaults;
  readonly events: Events;
  readonly world: World;
  /** Reads the batches of a feed again, so that the world has those of a run that has just ended. */
  readBatches(feed: string): Promise<void>;
  /** Retracts the batches of a feed. @returns how many, and how many are too old to be retracted. */
  retract(feed: string): Promise<{ retracted: number; tooOld: number }>;
  /** Looks at a Feed again later. */
  again(feed: string, delayMs: number): void;
}

/**
 * Makes the cluster match the Feed, whatever state it is in. A second look at the same Feed changes nothing. What is
 * kept in memory only saves requests, so that a restart loses nothing.
 */
export class Reconciler {
  readonly #options: ReconcilerOptions;
  /** What was applied last, by kind and name. The same is not applied again to an object that has not changed. */
  readonly #applied = new Map<string, { hash: string; version: string | undefined; generation: number }>();

  /** The newest Job that was made for a feed, until the watch reports it. Without it, no run would seem under way. */
  readonly #started = new Map<string, { readonly job: Job; readonly atMs: number }>();

  constructor(options: ReconcilerOptions) {
    this.#options = options;
  }

  async reconcile(name: string): Promise<void> {
    const { world } = this.#options;
    const feed = world.feed(name);
    // Kubernetes deletes what the Feed owned.
    if (!feed) return this.#forget(name);
    if (feed.metadata.deletionTimestamp) return this.#end(feed);
    if (await this.#keepFinalizer(feed)) return;
    const problem = await this.#applyObjects(feed);
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

  /** Adds or removes the finalizer. @returns whether it did: the changed Feed is then looked at once more. */
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

  /** @returns why the cluster does not match the Feed, if it does not. */
  async #applyObjects(feed: Feed): Promise<Problem | undefined> {
    const { defaults, world } = this.#options;
    const mistakes = mistakesIn(feed, defaults);
    if (mistakes.length > 0) return { reason: "InvalidSpec", message: mistakes.join("; "), forGood: true };
    const name = objectName(feed.metadata.name, defaults);
    const policy = desiredNetworkPolicy(feed, defaults);
    try {
      // Before the CronJob, so that no run begins without it.
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

  /** @returns whether the object is new. */
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
    // The one that the watch has reported may have been deleted a moment ago.
    if (!live || applied.metadata.uid !== live.metadata.uid) return true;
    const seen = live.metadata.generation ?? 0;
    if (last && seen > last.generation && generation > seen) {
      const note = `${resource.kind} ${name} was changed by other means and is put right`;
      await events.tell(feed, { type: "Warning", reason: "PutRight", action: "Apply", note });
    }
    return false;
  }

  /**
   * Starts a run that was missed, and one that was asked for. Each is noted in `acted`, and then in the status, only
   * after its Job was made, so that no run is lost if the API server fails in between.
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

  /** Starts the run that a new CronJob missed, such as after an upgrade from a chart that made the CronJob itself. */
  async #catchUp(feed: Feed, acted: ActedOn): Promise<void> {
    const { api, defaults, world } = this.#options;
    const cronJob = world.cronJob(objectName(feed.metadata.name, defaults));
    // If the watch has not reported the CronJob yet, the Feed is looked at again when it does.
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

  /** Makes one Job for a request, however often it is called. @param why text for an Event. */
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
      // The Job of this request exists already, but the status that says so could not be written.
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
    // The watch may never report a Job that was deleted at once.
    if (!isKnown && performance.now() - atMs < KNOWN_WITHIN_MS) return [...known, job];
    this.#started.delete(feed);
    return known;
  }

  /** Ends a Feed that is deleted: retracts its prices if it asks for that, then removes the finalizer. */
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

/** Mistakes the API server cannot refuse: Feeds older than today's rules, and Secrets only the operator knows. */
function mistakesIn({ spec }: Feed, { secretNames }: IngestDefaults): string[] {
  const issues = feedSpec.safeParse(spec).error?.issues ?? [];
  const mistakes = issues.map(({ path, message }) => `spec.${path.join(".")}: ${message}`);
  const { credentialsSecretName: secret } = spec;
  if (secret === undefined || !secretNames.includes(secret)) return mistakes;
  return [...mistakes, `spec.credentialsSecretName: ${secret} is the release's own; make a Secret for the feed`];
}

const mayPublish = ({ status }: Pod): boolean => status?.phase !== "Succeeded" && status?.phase !== "Failed";

/** Whether an object exists and may be deleted. An object of another owner may have the same name. */
const isOwn = (feed: Feed, live: KubernetesObject | undefined): boolean => live !== undefined && !isForeign(feed, live);

/** Whether a run has ended, and the status does not say so yet. */
function isNewEnd(status: FeedStatus | undefined, { newest }: Runs): boolean {
  const ingesting = status?.conditions?.find(({ type }) => type === "Ingesting");
  return ingesting?.status === "True" || (newest !== undefined && status?.lastRun !== newest.metadata.name);
}

/** An object that does not exist (any more) is no error. */
async function orNone<T>(answer: Promise<T>): Promise<T | undefined> {
  try {
    return await answer;
  } catch (error) {
    if (isStatus(error, 404)) return undefined;
    throw error;
  }
}

/** Milliseconds until the status may change although no object does. */
function untilNextChange({ conditions = [], nextRun }: FeedStatus, now: Date): number {
  const late = conditions.some(({ type, status }) => type === "Late" && status === "True");
  const longest = late ? AGAIN_WHILE_LATE_MS : AGAIN_AFTER_MS;
  if (nextRun === undefined) return longest;
  return Math.min(longest, Math.max(1_000, Date.parse(nextRun) - +now + LATE_AFTER_MS + 1_000));
}
