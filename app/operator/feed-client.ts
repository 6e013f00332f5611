import type { BatchProgress } from "../batches/batch-summary.js";
import { sleep } from "../sleep.js";
import { type Feed, RUN_AT } from "./feed/feed.js";
import type { Condition, CurrentBatch, FeedBatch, FeedStatus } from "./feed/feed-status.js";
import { type KubernetesApi, resources } from "./kubernetes/kubernetes-api.js";
import { isStatus } from "./kubernetes/kubernetes-error.js";
import { isUnfinished } from "./status/batch-status.js";

const LOOK_EVERY_MS = 1_000;
/** If an operator runs, it takes up a request within two seconds. */
const TAKEN_UP_WITHIN_MS = 60_000;

/** There is no such Feed, or no operator took the request up. */
export class FeedRunError extends Error {
  constructor(message: string) {
    super(message);
    this.name = "FeedRunError";
  }
}

export interface RunWatcher {
  /** Called every second with the batch that is being loaded or audited. */
  onProgress(batch: CurrentBatch): Promise<void>;
  /** Called when the message about the run itself changes, such as when its first pod has failed. */
  onRun(told: Condition): void;
  /** Called with each batch that has ended. */
  onEnd(batch: FeedBatch): Promise<void>;
}

/** All Feeds of the namespace, by name. */
export async function listFeeds(api: KubernetesApi): Promise<Feed[]> {
  const { items } = await api.list<Feed>(resources.feeds);
  return items.sort((a, b) => a.metadata.name.localeCompare(b.metadata.name));
}

export interface RunFailure {
  readonly message: string;
  /** Whether a delivery was at fault, rather than the run. */
  readonly badDelivery: boolean;
}

/**
 * Starts a run of a Feed now and follows it to its end.
 * @returns why it failed, or why its batches are not known; undefined if all went well.
 * @throws {FeedRunError}
 */
export async function runFeed(
  api: KubernetesApi,
  name: string,
  watcher: RunWatcher,
  signal: AbortSignal,
): Promise<RunFailure | undefined> {
  const request = new Date().toISOString();
  const before = await readFeed(api, name);
  const known = new Map((before.status?.batches ?? []).map(({ id, state }) => [id, state]));
  await api.patch(resources.feeds, name, "merge", { metadata: { annotations: { [RUN_AT]: request } } });
  const deadlineMs = performance.now() + TAKEN_UP_WITHIN_MS;
  let told: string | undefined;
  for (;;) {
    await sleep(LOOK_EVERY_MS, signal);
    const { status } = await readFeed(api, name);
    if (status?.lastRunRequest !== request) {
      if (performance.now() < deadlineMs) continue;
      throw new FeedRunError(
        `No operator has started the run of ${name} within a minute; see kubectl describe feed ${name}.`,
      );
    }
    const running = status.conditions?.find(({ type, status: is }) => type === "Ingesting" && is === "True");
    if (running && running.message !== told) watcher.onRun(running);
    told = running?.message;
    for (const batch of [...(status.batches ?? [])].reverse()) {
      if (batch.id === status.current?.id || known.get(batch.id) === batch.state) continue;
      known.set(batch.id, batch.state);
      if (!isUnfinished(batch)) await watcher.onEnd(batch);
    }
    if (status.current) await watcher.onProgress(status.current);
    const end = endOf(status);
    if (end !== undefined) return end.failure;
  }
}

/** @returns undefined while a run is under way. Before the operator says that it ended, it reads the batches again. */
function endOf({ conditions = [] }: FeedStatus): { readonly failure?: RunFailure } | undefined {
  const of = (type: Condition["type"]) => conditions.find((condition) => condition.type === type);
  const failed = ({ message }: Condition, badDelivery = false) => ({ failure: { message, badDelivery } });
  const [ready, ingesting, last] = [of("Ready"), of("Ingesting"), of("LastBatchSucceeded")];
  if (ready?.reason === "CannotStart") return failed(ready);
  if (ingesting?.status !== "False") return undefined;
  if (ready?.reason === "RunFailed") return failed(ready);
  if (ingesting.reason === "DeliveryFailed") return failed(ingesting, true);
  return last?.reason === "DatabaseAway" ? failed(last) : {};
}

async function readFeed(api: KubernetesApi, name: string): Promise<Feed> {
  try {
    return await api.get<Feed>(resources.feeds, name);
  } catch (error) {
    if (isStatus(error, 404)) throw new FeedRunError(`There is no feed ${name} in the namespace ${api.namespace}.`);
    throw error;
  }
}

/** Converts the current batch of a Feed's status to the form that the database returns. */
export function progressOf(batch: CurrentBatch): BatchProgress {
  const instant = (text: string | undefined) => (text === undefined ? null : new Date(text));
  return {
    state: batch.state,
    rows: batch.rows,
    rejected: 0,
    bytes: batch.bytes ?? null,
    bytes_loaded: batch.bytesLoaded,
    rows_per_second: batch.rowsPerSecond ?? null,
    audit_parts: batch.auditParts,
    audit_parts_done: batch.auditPartsDone,
    progress: batch.progressPercent === undefined ? null : batch.progressPercent / 100,
    estimated_end: instant(batch.estimatedEnd),
    deadline_at: instant(batch.deadlineAt),
    read_at: new Date(batch.readAt),
  };
}
