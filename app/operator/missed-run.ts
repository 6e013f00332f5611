import { STARTING_DEADLINE_SECONDS } from "./desired/cron-job.js";
import type { Feed } from "./feed/feed.js";
import { nextRun } from "./feed/next-run.js";
import { controllerOf, type Job, type KnownCronJob } from "./kubernetes/objects.js";
import { isUnfinished } from "./status/batch-status.js";
import type { KnownBatches } from "./status/feed-batches.js";

/** A CronJob that is made anew makes up for a run that was due this long ago at most. */
const MADE_UP_MS = 300_000;

/**
 * Why a run is owed that a new CronJob does not know of: one that was due shortly before it was made, or one that went
 * with the CronJob before. A run too many loads nothing twice; one too few would be missed.
 * @param jobs of the feed. @param batches of the feed.
 * @returns undefined if none is owed, null while the database does not tell.
 */
export function missedRun(
  { spec }: Feed,
  { metadata, status }: KnownCronJob,
  jobs: readonly Job[],
  batches: KnownBatches,
): string | undefined | null {
  const madeMs = Date.parse(metadata.creationTimestamp ?? "");
  // A run that began since then loads what was missed; Kubernetes gives up one that is older.
  const hasRun = status?.lastScheduleTime || jobs.some((job) => controllerOf(job)?.uid === metadata.uid);
  if (spec.suspend || hasRun || Date.now() - madeMs > STARTING_DEADLINE_SECONDS * 1000) return undefined;
  const due = nextRun(spec, new Date(madeMs - MADE_UP_MS));
  if (due && +due <= madeMs) return `due at ${due.toISOString()}`;
  if ("away" in batches) return null;
  const unfinished = batches.newest.find(isUnfinished);
  return unfinished && `batch ${unfinished.id} is unfinished`;
}
