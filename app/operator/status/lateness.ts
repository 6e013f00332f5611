import { STARTING_DEADLINE_SECONDS } from "../desired/cron-job.js";
import { nextRun } from "../feed/next-run.js";
import type { KnownCronJob } from "../kubernetes/objects.js";
import { isUnfinished } from "./batch-status.js";
import { type Finding, no, yes } from "./finding.js";
import type { Observed } from "./observed.js";

/** A run is late if it has not begun this long after its time. */
export const LATE_AFTER_MS = 90_000;

/** Whether a batch misses its deadline, or a run that was due has not begun. */
export function lateness(observed: Observed): Finding {
  const { batches, cronJob, feed, now, problem, runs } = observed;
  const current = "newest" in batches ? batches.newest.find(isUnfinished) : undefined;
  if (current?.deadline_at) {
    const { deadline_at: deadline, estimated_end: end, id } = current;
    if (deadline < now)
      return yes("MissedDeadline", `Batch ${id} should have been published by ${deadline.toISOString()}`);
    if (end && end > deadline) {
      return yes(
        "WillMissDeadline",
        `Batch ${id} will be published at ${end.toISOString()}, after ${deadline.toISOString()}`,
      );
    }
  }
  if (feed.spec.suspend || problem || !cronJob) return no("NotDue", "No run is due");
  // The next run cannot begin before this one has ended.
  if (runs.active.length > 0) return no("OnTime", "A run is under way");
  const due = nextRun(feed.spec, dueAfter(observed, cronJob));
  if (due && +due + LATE_AFTER_MS < +now) return yes("NotStarted", `The run of ${due.toISOString()} has not begun`);
  return no("OnTime", "No run is overdue");
}

/** The instant after which a run that is due has to begin: earlier ones have begun, or never will. */
function dueAfter(observed: Observed, cronJob: KnownCronJob): Date {
  const { now, runs } = observed;
  const givenUp = +now - STARTING_DEADLINE_SECONDS * 1000;
  return new Date(Math.max(+lastRunOf(cronJob), +inForceSince(observed), +(runs.lastEnd ?? 0), givenUp));
}

/** When this generation of the Feed came into force. Its schedule asks for no run before that. */
export function inForceSince({ feed: { metadata, status }, now }: Observed): Date {
  const since = status?.observedGeneration === metadata.generation ? status?.inForceSince : undefined;
  return since === undefined ? now : new Date(since);
}

/** When the schedule last started a run; before its first run, when the CronJob was made. */
export const lastRunOf = ({ metadata, status }: KnownCronJob): Date =>
  new Date(status?.lastScheduleTime ?? metadata.creationTimestamp ?? Date.now());
