import type { Feed } from "../feed/feed.js";
import type { KnownCronJob } from "../kubernetes/objects.js";
import type { KnownBatches } from "./feed-batches.js";
import type { Runs } from "./runs.js";

/** Why the cluster does not match a Feed. */
export interface Problem {
  readonly reason: string;
  readonly message: string;
  /** Trying again does not help; the Feed must be changed. */
  readonly forGood: boolean;
}

/** What the status of a Feed is made from. */
export interface Observed {
  readonly feed: Feed;
  readonly problem: Problem | undefined;
  readonly cronJob: KnownCronJob | undefined;
  readonly runs: Runs;
  readonly batches: KnownBatches;
  readonly now: Date;
}
