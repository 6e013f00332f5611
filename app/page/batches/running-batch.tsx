import { formatBytes, formatCount, formatEnd } from "./amount.js";
import { actionOn, type Batch, type BatchAction } from "./batch.js";
import { BatchHead } from "./batch-head.js";
import { ReportedLines } from "./reported-lines.js";

interface RunningBatchProps {
  readonly batch: Batch;
  readonly token: string;
  readonly onChange: (batch: Batch, action: BatchAction) => void;
}

/** A running batch: its progress, its speed and its estimated end. */
export function RunningBatch({ batch, token, onChange }: RunningBatchProps) {
  const { id, rows, bytes, pieces, audit, progress } = batch;
  const action = actionOn(batch);
  // Nothing is at work on it: each piece is loaded, or failed for what is in it.
  const waits = pieces.failed > 0 && pieces.loaded + pieces.failed === pieces.total;
  const percent = progress === null ? undefined : Math.floor(progress * 100);
  return (
    <li class="batch batch-running">
      <BatchHead batch={batch} />
      {waits && <p>Waits for a piece to be repaired, or to be tried again.</p>}
      {action === undefined && !waits && (
        <div class="batch-bar">
          {/* A bar without a value says that work is under way, not how far it is. */}
          <progress aria-label={`Batch ${id}`} max={100} {...(percent !== undefined && { value: percent })} />
          <span class="batch-percent" aria-hidden="true">
            {percent === undefined ? "" : `${percent} %`}
          </span>
        </div>
      )}
      <ul class="batch-facts">
        <li>
          {rows.expected ? `${rows.loaded.toLocaleString("en-US")} of ` : ""}
          {formatCount(rows.expected ?? rows.loaded, "row", "rows")}
        </li>
        {batch.rows_per_second ? <li>{formatCount(Math.round(batch.rows_per_second), "row", "rows")}/s</li> : null}
        <li>
          {bytes.total ? `${formatBytes(bytes.loaded)} of ${formatBytes(bytes.total)}` : formatBytes(bytes.loaded)}
        </li>
        <li>
          {pieces.loaded} of {formatCount(pieces.total, "piece", "pieces")}
          {pieces.failed > 0 && `, ${pieces.failed} failed`}
        </li>
        {audit.parts > 0 && (
          <li>
            {audit.done} of {formatCount(audit.parts, "part", "parts")} audited
          </li>
        )}
        {batch.estimated_end && <li>{formatEnd(batch.estimated_end)}</li>}
      </ul>
      <div class="batch-changes">
        {action && (
          <button type="button" class="button" onClick={() => onChange(batch, action)}>
            Publish<span class="unseen"> batch {id}</span>
          </button>
        )}
        <button type="button" class="button" onClick={() => onChange(batch, "fail")}>
          Stop<span class="unseen"> batch {id}</span>
        </button>
      </div>
      <ReportedLines batch={batch} token={token} />
    </li>
  );
}
