import type { BatchState } from "../../batches/batch-state.js";
import { callJson, ProblemError } from "../api-client.js";
import type { View } from "./view.js";

/** A batch as `GET /batches` gives it. */
export interface Batch {
  readonly id: number;
  readonly feed: string;
  readonly source: string;
  readonly mode: "append" | "replace" | "compaction";
  readonly state: BatchState;
  /** True if an upload is loaded as far as it was sent, and no client has asked to publish it. */
  readonly awaits_publish: boolean;
  readonly created_at: string;
  readonly published_at: string | null;
  readonly pieces: { readonly total: number; readonly loaded: number; readonly failed: number };
  readonly rows: { readonly loaded: number; readonly expected: number | null; readonly rejected: number };
  readonly bytes: { readonly total: number | null; readonly loaded: number };
  readonly rows_per_second: number | null;
  readonly audit: { readonly parts: number; readonly done: number };
  /** The finished share of its loading and audit, from 0 to 1; null if the total is unknown. */
  readonly progress: number | null;
  readonly estimated_end: string | null;
  readonly errors: readonly BadLine[];
  /** The reason why the batch failed, as text. */
  readonly failure?: string | null;
  /** Id of the published batch with the same prices. */
  readonly duplicate_of?: number | null;
}

/** A line that could not be loaded. */
export interface BadLine {
  readonly file: string | null;
  /**
   * Number of the piece, if the batch was sent in pieces; lines are then counted from 1 in each piece. The API of the
   * release before does not send it.
   */
  readonly piece?: number | null;
  /** Null while earlier pieces are not read: their lines are not counted yet. */
  readonly line: number | null;
  /** Name of the column; null if the whole line cannot be read. */
  readonly column: string | null;
  readonly reason: string;
  /** The beginning of the line; null if the line was not kept. */
  readonly content: string | null;
}

/** A page of batches, newest first. */
export interface BatchPage {
  readonly batches: readonly Batch[];
  readonly next_cursor: string | null;
  /** All feeds of Kubernetes; none where no operator runs. */
  readonly feeds: readonly FeedState[];
}

/** A feed as `GET /feeds` gives it. */
export interface FeedState {
  readonly feed: string;
  readonly state: string;
  readonly message: string;
  readonly next_run: string | null;
  readonly reported_at: string;
}

const PAGE_SIZE = 25;

/** Loads a page of the list, or the one batch that a view shows. @throws {ProblemError} */
export async function loadBatches(token: string, { batch, ...list }: View, signal: AbortSignal): Promise<BatchPage> {
  if (batch) return { batches: [await loadBatch(token, Number(batch), signal)], next_cursor: null, feeds: [] };
  const query = new URLSearchParams({ limit: `${PAGE_SIZE}`, ...list });
  const [page, feeds] = await Promise.all([
    callJson<Omit<BatchPage, "feeds">>(`/batches?${query}`, { token, signal }),
    loadFeeds(token, signal),
  ]);
  return { ...page, feeds };
}

/** The API of the release before does not know the path; the batches are shown all the same. */
async function loadFeeds(token: string, signal: AbortSignal): Promise<readonly FeedState[]> {
  try {
    return (await callJson<{ feeds: readonly FeedState[] }>("/feeds", { token, signal })).feeds;
  } catch (error) {
    if (error instanceof ProblemError) return [];
    throw error;
  }
}

/** Loads one batch with all its bad lines that were kept. @throws {ProblemError} */
export function loadBatch(token: string, id: number, signal: AbortSignal): Promise<Batch> {
  return callJson<Batch>(`/batches/${id}`, { token, signal });
}

/** What an authorised user may do to a batch. The API has these words in its paths. */
export type BatchAction = "publish" | "retract" | "fail";

/** Asks the service to change a batch. @throws {ProblemError} */
export async function changeBatch(
  token: string,
  batch: Batch,
  action: BatchAction,
  signal: AbortSignal,
): Promise<void> {
  const { id, awaits_publish, pieces } = batch;
  // With this number, the service refuses if more pieces have arrived since the user looked.
  const body = action === "publish" && awaits_publish ? { body: { pieces: pieces.total } } : {};
  await callJson(`/batches/${id}/${action}`, { method: "POST", token, signal, ...body });
}

/**
 * The change that the state of a batch allows. The service may still refuse it, for example if the batch is too old.
 */
export function actionOn({ state, mode, awaits_publish }: Batch): BatchAction | undefined {
  if (mode === "compaction") return undefined;
  if (state === "published") return "retract";
  return state === "retracted" || state === "audited" || awaits_publish ? "publish" : undefined;
}

/** True if the batch is still on its way to being published. */
export function isRunning({ state }: Batch): boolean {
  return state === "loading" || state === "auditing" || state === "audited";
}
