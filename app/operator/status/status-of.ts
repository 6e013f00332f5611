import type { CurrentBatch, FeedStatus } from "../feed/feed-status.js";
import { nextRun } from "../feed/next-run.js";
import { batchStatus, currentStatus, isUnfinished, toSeconds } from "./batch-status.js";
import { conditionsOf, summaryOf } from "./conditions.js";
import { inForceSince, lastRunOf } from "./lateness.js";
import type { Observed } from "./observed.js";

/** Up to where runs that are owed have been started. */
export interface ActedOn {
  /** The newest request. */
  lastRunRequest: string | undefined;
  /** Uid of the CronJob before which runs may have been missed. */
  madeUpFor: string | undefined;
}

/** The status of a Feed: all that it says, so that what is left out here is taken away. */
export function statusOf(observed: Observed, { lastRunRequest, madeUpFor }: Partial<ActedOn> = {}): FeedStatus {
  const { batches, cronJob, feed, now, problem, runs } = observed;
  const conditions = conditionsOf(observed);
  const suspended = feed.spec.suspend || problem !== undefined || cronJob === undefined;
  const due = suspended ? undefined : (later(nextRun(feed.spec, lastRunOf(cronJob)), now) ?? nextRun(feed.spec, now));
  const known = "newest" in batches ? batches.newest : undefined;
  const current = known?.find(isUnfinished);
  return {
    ...(feed.metadata.generation !== undefined && { observedGeneration: feed.metadata.generation }),
    ...summaryOf(conditions),
    // While a problem lasts, it is not in force.
    ...(!problem && { inForceSince: toSeconds(inForceSince(observed)) }),
    ...(due && { nextRun: toSeconds(due) }),
    ...(lastRunRequest !== undefined && { lastRunRequest }),
    ...(madeUpFor !== undefined && { madeUpFor }),
    ...(runs.newest && { lastRun: runs.newest.metadata.name }),
    ...(current && { current: currentStatus(current) }),
    // What the database said last stands until it says something else.
    ...(known ? { batches: known.map(batchStatus) } : feed.status?.batches && { batches: feed.status.batches }),
    conditions,
  };
}

const later = (instant: Date | undefined, now: Date): Date | undefined =>
  instant && instant > now ? instant : undefined;

/** Whether two statuses say the same; when the batch under way was looked at counts for nothing if it stood still. */
export function isSameStatus(a: FeedStatus | undefined, b: FeedStatus): boolean {
  return canonical(a) === canonical(b);
}

function canonical(status: FeedStatus | undefined): string {
  const { current, ...rest } = status ?? {};
  const still: Partial<CurrentBatch> | undefined = current && { ...current };
  delete still?.readAt;
  delete still?.estimatedEnd;
  return JSON.stringify(sorted({ ...rest, current: still }));
}

/** The API server returns names of fields in an order of its own. */
function sorted(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(sorted);
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(
    Object.entries(value)
      .filter(([, inner]) => inner !== undefined)
      .sort(([a], [b]) => a.localeCompare(b))
      .map(([name, inner]) => [name, sorted(inner)]),
  );
}
