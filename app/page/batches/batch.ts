import type { BatchState } from "../../batches/batch-state.js";
import { callJson } from "../api.js";
import type { View } from "./view.js";

/** A batch as `GET /batches` gives it. */
export interface Batch {
  readonly id: number;
  readonly feed: string;
  readonly source: string;
  readonly mode: "append" | "replace" | "compaction";
  readonly state: BatchState;
  /** True of an upload that is loaded as far as it was sent, and that no client has asked to publish. */
  readonly awaits_publish: boolean;
  readonly created_at: string;
  readonly published_at: string | null;
  readonly pieces: { readonly total: number; readonly loaded: number; readonly failed: number };
  readonly rows: { readonly loaded: number; readonly expected: number | null; readonly rejected: number };
  readonly bytes: { readonly total: number | null; readonly loaded: number };
  readonly rows_per_second: number | null;
  readonly audit: { readonly parts: number; readonly done: number };
  /** How much of its loading and audit is done, from 0 to 1; null where the whole is not known. */
  readonly progress: number | null;
  readonly estimated_end: string | null;
  readonly errors: readonly BadLine[];
  /** Why it failed, in words. */
  readonly failure?: string | null;
  /** The published batch that this one repeats. */
  readonly duplicate_of?: number | null;
}

/** A line that could not be loaded. */
export interface BadLine {
  readonly file: string | null;
  /** Of a batch that was sent in pieces, in which lines are counted each from 1; not known to the release before. */
  readonly piece?: number | null;
  /** Null while the pieces before it are not read, whose lines are not counted yet. */
  readonly line: number | null;
  /** Name of the column; null where the line as a whole cannot be read. */
  readonly column: string | null;
  readonly reason: string;
  /** The beginning of the line; null where no line was kept. */
  readonly content: string | null;
}

/** Newest first. */
export interface BatchPage {
  readonly batches: readonly Batch[];
  readonly next_cursor: string | null;
}

const PAGE_SIZE = 25;

/** The page of the list that a view shows, or its one batch. @throws {ProblemError} */
export async function loadBatches(token: string, { batch, ...list }: View, signal: AbortSignal): Promise<BatchPage> {
  if (batch) return { batches: [await loadBatch(token, Number(batch), signal)], next_cursor: null };
  const query = new URLSearchParams({ limit: `${PAGE_SIZE}`, ...list });
  return callJson<BatchPage>(`/batches?${query}`, { token, signal });
}

/** One batch with all the bad lines that were kept. @throws {ProblemError} */
export function loadBatch(token: string, id: number, signal: AbortSignal): Promise<Batch> {
  return callJson<Batch>(`/batches/${id}`, { token, signal });
}

/** What an authorised user may do to a batch; the words are those of the API's paths. */
export type BatchAction = "publish" | "retract" | "fail";

/** Asks the service to change a batch. @throws {ProblemError} */
export async function changeBatch(
  token: string,
  batch: Batch,
  action: BatchAction,
  signal: AbortSignal,
): Promise<void> {
  const { id, awaits_publish, pieces } = batch;
  // Refused if more have come since the user looked.
  const body = action === "publish" && awaits_publish ? { body: { pieces: pieces.total } } : {};
  await callJson(`/batches/${id}/${action}`, { method: "POST", token, signal, ...body });
}

/** The change that a batch's state allows; the service may still refuse, for one that is too old. */
export function actionOn({ state, mode, awaits_publish }: Batch): BatchAction | undefined {
  if (mode === "compaction") return undefined;
  if (state === "published") return "retract";
  return state === "retracted" || state === "audited" || awaits_publish ? "publish" : undefined;
}

/** Whether it is on its way to being published. */
export function isRunning({ state }: Batch): boolean {
  return state === "loading" || state === "auditing" || state === "audited";
}
