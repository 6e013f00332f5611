import { STARTING_DEADLINE_SECONDS } from "../desired/cron-job.js";
import type { Feed } from "../feed/feed.js";
import type { Condition, ConditionType } from "../feed/feed-status.js";
import { nextRun } from "../feed/next-run.js";
import type { KnownCronJob } from "../kubernetes/objects.js";
import { isUnfinished, shortened } from "./batch-status.js";
import type { KnownBatches } from "./feed-batches.js";
import type { Runs } from "./runs.js";

/** A run is late when it has not begun this long after its time. */
export const LATE_AFTER_MS = 90_000;

/** Characters of a column of `kubectl get feeds -o wide`. */
const LONGEST_SUMMARY = 160;

/** Why a Feed is not in force. */
export interface Problem {
  readonly reason: string;
  readonly message: string;
  /** Only a change of the Feed, or of what it names, can help. */
  readonly forGood: boolean;
}

/** What the conditions of a Feed are told from. */
export interface Observed {
  readonly feed: Feed;
  readonly problem: Problem | undefined;
  readonly cronJob: KnownCronJob | undefined;
  readonly runs: Runs;
  readonly batches: KnownBatches;
  readonly now: Date;
}

type Said = Pick<Condition, "status" | "reason" | "message">;

const yes = (reason: string, message: string): Said => ({ status: "True", reason, message });
const no = (reason: string, message: string): Said => ({ status: "False", reason, message });
const unknown = (reason: string, message: string): Said => ({ status: "Unknown", reason, message });

/** The conditions of a Feed, each with the instant at which its status last changed. */
export function conditionsOf(observed: Observed): Condition[] {
  const { feed, now, problem } = observed;
  const said: [ConditionType, Said][] = [
    ["Ready", readiness(observed)],
    ["Ingesting", ingesting(observed)],
    ["Late", lateness(observed)],
    ["LastBatchSucceeded", lastBatch(observed)],
    // Tools that know kstatus take a Feed with this for failed; without it, for one that is still on its way.
    ...(problem?.forGood ? [["Stalled", yes(problem.reason, problem.message)] satisfies [ConditionType, Said]] : []),
  ];
  return said.map(([type, { status, reason, message }]) => {
    const before = feed.status?.conditions?.find((condition) => condition.type === type);
    const lastTransitionTime =
      before?.status === status ? before.lastTransitionTime : `${now.toISOString().slice(0, 19)}Z`;
    const { generation = 0 } = feed.metadata;
    return { type, status, observedGeneration: generation, lastTransitionTime, reason, message };
  });
}

function readiness({ feed, problem, runs }: Observed): Said {
  if (problem) return no(problem.reason, problem.message);
  if (runs.cannotStart) return no("CannotStart", runs.cannotStart);
  if (runs.failure && runs.active.length === 0) return no("RunFailed", runs.failure);
  if (feed.spec.suspend) return yes("Suspended", "There are no runs by schedule, because spec.suspend is true");
  return yes("Scheduled", `Runs begin by the schedule ${feed.spec.schedule} (${feed.spec.timeZone})`);
}

function ingesting({ feed, runs }: Observed): Said {
  const [newest] = runs.active;
  if (newest && runs.lost) {
    const most = feed.spec.backoffLimit + 1;
    const at = `Job ${newest.metadata.name} is at try ${Math.min(runs.lost.pods + 1, most)} of ${most}`;
    return yes("Retrying", `${at}; the last one failed${runs.lost.lastWords ? `: ${runs.lost.lastWords}` : ""}`);
  }
  if (newest) return yes("Running", `Job ${newest.metadata.name} runs`);
  return runs.badDelivery ? no("DeliveryFailed", runs.badDelivery) : no("Idle", "No run is under way");
}

function lateness(observed: Observed): Said {
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
  // The next run begins when this one has ended.
  if (runs.active.length > 0) return no("OnTime", "A run is under way");
  const due = nextRun(feed.spec, dueAfter(observed, cronJob));
  if (due && +due + LATE_AFTER_MS < +now) return yes("NotStarted", `The run of ${due.toISOString()} has not begun`);
  return no("OnTime", "No run is overdue");
}

/** The instant after which a run that is due has to begin: runs before it have begun, or never will. */
function dueAfter(observed: Observed, cronJob: KnownCronJob): Date {
  const { now, runs } = observed;
  const givenUp = +now - STARTING_DEADLINE_SECONDS * 1000;
  return new Date(Math.max(+lastRunOf(cronJob), +inForceSince(observed), +(runs.lastEnd ?? 0), givenUp));
}

/** When this generation of the Feed came into force: its schedule asks for no run before. */
export function inForceSince({ feed: { metadata, status }, now }: Observed): Date {
  const since = status?.observedGeneration === metadata.generation ? status?.inForceSince : undefined;
  return since === undefined ? now : new Date(since);
}

/** When the schedule last started a run; it counts from when it was made. */
export const lastRunOf = ({ metadata, status }: KnownCronJob): Date =>
  new Date(status?.lastScheduleTime ?? metadata.creationTimestamp ?? Date.now());

function lastBatch({ batches }: Observed): Said {
  if ("away" in batches) return unknown("DatabaseAway", `The database does not answer: ${batches.away}`);
  const last = batches.newest.find((batch) => !isUnfinished(batch));
  if (!last) return unknown("NoBatch", "No batch has ended yet");
  if (last.state === "failed") return no("Failed", `Batch ${last.id} (${last.source}) failed: ${last.failure}`);
  const reason = `${last.state.slice(0, 1).toUpperCase()}${last.state.slice(1)}`;
  return yes(reason, `Batch ${last.id} (${last.source}) is ${last.state}: ${last.rows.toLocaleString("en-US")} prices`);
}

/** All conditions in one word, and why, in few: the worst first. */
export function summaryOf(conditions: readonly Condition[]): { state: string; message: string } {
  const is = (type: ConditionType, status: Condition["status"]) =>
    conditions.find((condition) => condition.type === type && condition.status === status);
  const told = (state: string, { message }: Condition) => ({ state, message: shortened(message, LONGEST_SUMMARY) });
  const [notReady, late, running] = [is("Ready", "False"), is("Late", "True"), is("Ingesting", "True")];
  if (notReady) return told(notReady.reason, notReady);
  if (late) return told("Late", late);
  if (running) return told(running.reason === "Retrying" ? "Retrying" : "Ingesting", running);
  const [failed, idle, ready] = [is("LastBatchSucceeded", "False"), is("Ingesting", "False"), is("Ready", "True")];
  if (failed) return told("BatchFailed", failed);
  // Of a delivery that cannot be read at all there is no batch.
  if (idle?.reason === "DeliveryFailed") return told("DeliveryFailed", idle);
  return ready ? told(ready.reason === "Suspended" ? "Suspended" : "Ready", ready) : { state: "", message: "" };
}
