import type { BatchSummary } from "../../batches/batch-summary.js";
import { type CurrentBatch, type FeedBatch, unfinishedStates } from "../feed/feed-status.js";

/** The API server stores at most 1.5 MiB of an object. `ratesapp batches show` has the whole text. */
const LONGEST_TEXT = 500;

export const shortened = (text: string, most = LONGEST_TEXT): string =>
  text.length > most ? `${text.slice(0, most - 1)}…` : text;
export const toSeconds = (instant: Date): string => `${instant.toISOString().slice(0, 19)}Z`;

type UnfinishedState = (typeof unfinishedStates)[number];

/** Whether a batch has not ended yet. */
export const isUnfinished = <Batch extends Pick<BatchSummary, "state">>(
  batch: Batch,
): batch is Batch & { readonly state: UnfinishedState } =>
  (unfinishedStates as readonly string[]).includes(batch.state);

/** A batch as it stands in the status of its Feed. */
export function batchStatus(batch: BatchSummary): FeedBatch {
  const ended = batch.state === "failed" ? batch.failed_at : batch.published_at;
  return {
    id: batch.id,
    source: shortened(batch.source),
    state: batch.state,
    rows: batch.rows,
    badRows: batch.rejected,
    createdAt: toSeconds(batch.created_at),
    ...(ended && { endedAt: toSeconds(ended), seconds: Math.max(0, Math.round((+ended - +batch.created_at) / 1000)) }),
    ...(batch.failure !== null && { failure: shortened(batch.failure) }),
  };
}

/** How far a batch is that has not ended. */
export function currentStatus(batch: BatchSummary & { readonly state: UnfinishedState }): CurrentBatch {
  return {
    id: batch.id,
    source: shortened(batch.source),
    state: batch.state,
    rows: batch.rows,
    bytesLoaded: batch.bytes_loaded,
    auditParts: batch.audit_parts,
    auditPartsDone: batch.audit_parts_done,
    readAt: toSeconds(batch.read_at),
    ...(batch.progress !== null && { progressPercent: Math.floor(batch.progress * 100) }),
    ...(batch.bytes !== null && { bytes: batch.bytes }),
    ...(batch.rows_per_second !== null && { rowsPerSecond: Math.round(batch.rows_per_second) }),
    ...(batch.estimated_end && { estimatedEnd: toSeconds(batch.estimated_end) }),
    ...(batch.deadline_at && { deadlineAt: toSeconds(batch.deadline_at) }),
  };
}
