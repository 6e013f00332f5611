import { STARTING_DEADLINE_SECONDS } from "./desired/cron-job.js";
import type { Feed } from "./feed/feed.js";
import { nextRun } from "./feed/next-run.js";
import { controllerOf, type Job, type KnownCronJob } from "./kubernetes/objects.js";
import { isUnfinished } from "./status/batch-status.js";
import type { KnownBatches } from "./status/feed-batches.js";

/** A run that was due longer than this before the CronJob was made is not caught up. */
const CAUGHT_UP_MS = 300_000;

/**
 * A new CronJob misses a run that was due just before it was made, or that was deleted with the old CronJob. Says why
 * one must be started. If in doubt, one is: a run too many loads nothing twice, and one too few leaves deliveries out.
 * @param jobs of the feed. @param batches of the feed.
 * @returns undefined if none is needed, null while the database does not answer.
 */
export function whyCatchUp(
  { spec }: Feed,
  { metadata, status }: KnownCronJob,
  jobs: readonly Job[],
  batches: KnownBatches,
): string | undefined | null {
  const madeMs = Date.parse(metadata.creationTimestamp ?? "");
  const hasRun = status?.lastScheduleTime || jobs.some((job) => controllerOf(job)?.uid === metadata.uid);
  // A run of this CronJob loads what the missed one would have loaded. Kubernetes too gives up a run after this time.
  if (spec.suspend || hasRun || Date.now() - madeMs > STARTING_DEADLINE_SECONDS * 1000) return undefined;
  const due = nextRun(spec, new Date(madeMs - CAUGHT_UP_MS));
  if (due && +due <= madeMs) return `due at ${due.toISOString()}`;
  if ("away" in batches) return null;
  const unfinished = batches.newest.find(isUnfinished);
  return unfinished && `batch ${unfinished.id} is unfinished`;
}
