import type { CurrentBatch, FeedStatus } from "../feed/feed-status.js";
import { nextRun } from "../feed/next-run.js";
import { batchStatus, currentStatus, isUnfinished, toSeconds } from "./batch-status.js";
import { conditionsOf, summaryOf } from "./conditions.js";
import { inForceSince, lastRunOf } from "./lateness.js";
import type { Observed } from "./observed.js";

/** For what runs have been started already. */
export interface ActedOn {
  /** The newest request for which a run was started. */
  lastRunRequest: string | undefined;
  /** Uid of the CronJob whose missed run, if there was one, was started. */
  madeUpFor: string | undefined;
}

/** The whole status of a Feed. It replaces the one before, so that a field that is left out here goes away. */
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
    // While there is a problem, the spec is not in force.
    ...(!problem && { inForceSince: toSeconds(inForceSince(observed)) }),
    ...(due && { nextRun: toSeconds(due) }),
    ...(lastRunRequest !== undefined && { lastRunRequest }),
    ...(madeUpFor !== undefined && { madeUpFor }),
    ...(runs.newest && { lastRun: runs.newest.metadata.name }),
    ...(current && { current: currentStatus(current) }),
    // While the database is away, the batches that were read last stay.
    ...(known ? { batches: known.map(batchStatus) } : feed.status?.batches && { batches: feed.status.batches }),
    conditions,
  };
}

const later = (instant: Date | undefined, now: Date): Date | undefined =>
  instant && instant > now ? instant : undefined;

/** Whether two statuses say the same. The time and estimate of the progress do not count. */
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

/** Sorts fields by name, because the API server returns them in an order of its own. */
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
