import type { FeedBatch, FeedStatus } from "../feed/feed-status.js";
import type { Happened } from "../kubernetes/events.js";

/** Events for the changes between two statuses of a Feed. */
export function happenedSince(before: FeedStatus | undefined, after: FeedStatus): Happened[] {
  const known = new Map((before?.batches ?? []).map(({ id, state }) => [id, state]));
  // A new Feed may have old batches, of which no Event is due.
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

/** Events for conditions that became worse, and for a Feed that became ready. */
function conditionsHappened(before: FeedStatus | undefined, after: FeedStatus): Happened[] {
  return (
    after.conditions?.flatMap(({ type, status, reason, message }): Happened[] => {
      const was = before?.conditions?.find((condition) => condition.type === type);
      // There is an Event already for the CronJob that was made.
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
