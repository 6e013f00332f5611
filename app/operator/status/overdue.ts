import type { Feed } from "../feed/feed.js";
import { nextRun } from "../feed/next-run.js";
import type { KnownCronJob } from "../kubernetes/objects.js";

/**
 * For how many seconds a feed has owed a good run: since the first run that its schedule asked for after the last good
 * one. While all is well this is 0, and during a run that is due its duration so far.
 */
export function overdueSeconds({ metadata, spec, status }: Feed, cronJob: KnownCronJob | undefined, now: Date): number {
  if (spec.suspend || metadata.deletionTimestamp !== undefined) return 0;
  const ready = status?.conditions?.find(({ type }) => type === "Ready");
  // A feed without a CronJob has no runs at all, because its spec or its name is refused. Ready is False since then.
  const lastGood = cronJob
    ? (cronJob.status?.lastSuccessfulTime ?? cronJob.metadata.creationTimestamp)
    : ready?.lastTransitionTime;
  if (lastGood === undefined) return 0;
  // A schedule asks for no run before it is in force.
  const since = new Date(Math.max(Date.parse(lastGood), status?.inForceSince ? Date.parse(status.inForceSince) : 0));
  const due = nextRun(spec, since);
  return due ? Math.max(0, (+now - +due) / 1000) : 0;
}
