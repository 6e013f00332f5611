import type { FeedBatch, FeedStatus } from "../feed/feed-status.js";
import type { Happened } from "../kubernetes/events.js";

/** What is to be told of the way from one status of a Feed to the next. */
export function happenedSince(before: FeedStatus | undefined, after: FeedStatus): Happened[] {
  const known = new Map((before?.batches ?? []).map(({ id, state }) => [id, state]));
  // A Feed that is new to the operator may have batches of long ago.
  const newest = before?.batches === undefined ? [] : (after.batches ?? []);
  const batches = newest.filter(({ id, state }) => known.get(id) !== state).reverse();
  return [...batches.flatMap(batchHappened), ...conditionsHappened(before, after)];
}

function batchHappened({ id, source, state, rows, failure }: FeedBatch): Happened[] {
  const about = `Batch ${id} (${source})`;
  const happened = (type: Happened["type"], reason: string, note: string) => [{ type, reason, note, action: "Ingest" }];
  switch (state) {
    case "published":
      return happened("Normal", "BatchPublished", `${about} is published: ${rows.toLocaleString("en-US")} prices`);
    case "failed":
      return happened("Warning", "BatchFailed", `${about} failed: ${failure}`);
    case "retracted":
      return happened("Normal", "BatchRetracted", `${about} is retracted`);
    case "duplicate":
      return happened("Normal", "BatchDuplicate", `${about} was loaded already`);
    case "loading":
      return happened("Normal", "BatchBegun", `${about} is being loaded`);
    default:
      return [];
  }
}

/** Conditions that went bad, and those that came back. */
function conditionsHappened(before: FeedStatus | undefined, after: FeedStatus): Happened[] {
  return (
    after.conditions?.flatMap(({ type, status, reason, message }): Happened[] => {
      const was = before?.conditions?.find((condition) => condition.type === type);
      // That the CronJob was made is told already.
      if (type === "Ready" && !was && status === "True") return [];
      if (type === "Ready" && (was?.status !== status || was.reason !== reason)) {
        return [{ type: status === "True" ? "Normal" : "Warning", reason, note: message, action: "Reconcile" }];
      }
      if (type === "Late" && status === "True" && was?.reason !== reason) {
        return [{ type: "Warning", reason, note: message, action: "Schedule" }];
      }
      if (type === "Ingesting" && reason === "Retrying" && was?.message !== message) {
        return [{ type: "Warning", reason, note: message, action: "Run" }];
      }
      return [];
    }) ?? []
  );
}
