import type { Condition, ConditionType } from "../feed/feed-status.js";
import { isUnfinished, shortened } from "./batch-status.js";
import { type Finding, no, unknown, yes } from "./finding.js";
import { lateness } from "./lateness.js";
import type { Observed } from "./observed.js";

/** Characters of a column of `kubectl get feeds -o wide`. */
const LONGEST_SUMMARY = 160;

/** The conditions of a Feed, each with the instant at which its status last changed. */
export function conditionsOf(observed: Observed): Condition[] {
  const { feed, now, problem } = observed;
  const found: [ConditionType, Finding][] = [
    ["Ready", readiness(observed)],
    ["Ingesting", ingesting(observed)],
    ["Late", lateness(observed)],
    ["LastBatchSucceeded", lastBatch(observed)],
    // Tools that know kstatus then show the Feed as failed, and otherwise as still in progress.
    ...(problem?.forGood ? [["Stalled", yes(problem.reason, problem.message)] satisfies [ConditionType, Finding]] : []),
  ];
  return found.map(([type, { status, reason, message }]) => {
    const before = feed.status?.conditions?.find((condition) => condition.type === type);
    const lastTransitionTime =
      before?.status === status ? before.lastTransitionTime : `${now.toISOString().slice(0, 19)}Z`;
    const { generation = 0 } = feed.metadata;
    return { type, status, observedGeneration: generation, lastTransitionTime, reason, message };
  });
}

function readiness({ feed, problem, runs }: Observed): Finding {
  if (problem) return no(problem.reason, problem.message);
  if (runs.cannotStart) return no("CannotStart", runs.cannotStart);
  if (runs.failure && runs.active.length === 0) return no("RunFailed", runs.failure);
  if (feed.spec.suspend) return yes("Suspended", "There are no runs by schedule, because spec.suspend is true");
  return yes("Scheduled", `Runs begin by the schedule ${feed.spec.schedule} (${feed.spec.timeZone})`);
}

function ingesting({ feed, runs }: Observed): Finding {
  const [newest] = runs.active;
  if (newest && runs.lost) {
    const most = feed.spec.backoffLimit + 1;
    const at = `Job ${newest.metadata.name} is at try ${Math.min(runs.lost.pods + 1, most)} of ${most}`;
    return yes("Retrying", `${at}; the last one failed${runs.lost.lastWords ? `: ${runs.lost.lastWords}` : ""}`);
  }
  if (newest) return yes("Running", `Job ${newest.metadata.name} runs`);
  return runs.badDelivery ? no("DeliveryFailed", runs.badDelivery) : no("Idle", "No run is under way");
}

function lastBatch({ batches }: Observed): Finding {
  if ("away" in batches) return unknown("DatabaseAway", `The database does not answer: ${batches.away}`);
  const last = batches.newest.find((batch) => !isUnfinished(batch));
  if (!last) return unknown("NoBatch", "No batch has ended yet");
  if (last.state === "failed") return no("Failed", `Batch ${last.id} (${last.source}) failed: ${last.failure}`);
  const reason = `${last.state.slice(0, 1).toUpperCase()}${last.state.slice(1)}`;
  return yes(reason, `Batch ${last.id} (${last.source}) is ${last.state}: ${last.rows.toLocaleString("en-US")} prices`);
}

/** The worst condition in one word, and why in a few words. */
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
  // A delivery that cannot be read at all has no batch.
  if (idle?.reason === "DeliveryFailed") return told("DeliveryFailed", idle);
  return ready ? told(ready.reason === "Suspended" ? "Suspended" : "Ready", ready) : { state: "", message: "" };
}
