import type { BatchSummary } from "./batch-summary.js";
import type { ReportedLine } from "./reported-lines.js";

/** The JSON of a batch, as the API answers it and as commands print it with `--json`. */
export function writeBatch(batch: BatchSummary, errors: readonly ReportedLine[] = []): Record<string, unknown> {
  return {
    id: batch.id,
    feed: batch.feed,
    source: batch.source,
    mode: batch.mode,
    state: batch.state,
    awaits_publish: batch.awaits_publish,
    failure: batch.failure,
    duplicate_of: batch.duplicate_of,
    checksum: batch.checksum,
    max_bad_rows: batch.max_bad_rows,
    created_at: batch.created_at,
    audited_at: batch.audited_at,
    published_at: batch.published_at,
    retracted_at: batch.retracted_at,
    failed_at: batch.failed_at,
    deadline_at: batch.deadline_at,
    pieces: { total: batch.pieces, loaded: batch.pieces_loaded, failed: batch.pieces_failed },
    rows: { loaded: batch.rows, expected: batch.rows_expected, rejected: batch.rejected },
    bytes: { total: batch.bytes, loaded: batch.bytes_loaded },
    audit: { parts: batch.audit_parts, done: batch.audit_parts_done },
    progress: batch.progress,
    rows_per_second: batch.rows_per_second === null ? null : Math.round(batch.rows_per_second),
    estimated_end: batch.estimated_end,
    errors,
  };
}
