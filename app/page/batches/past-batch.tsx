import { formatCount, formatMoment } from "./amount.js";
import { actionOn, type Batch, type BatchAction } from "./batch.js";
import { BatchHead } from "./batch-head.js";
import { ReportedLines } from "./reported-lines.js";
import { writeView } from "./view.js";

interface PastBatchProps {
  readonly batch: Batch;
  readonly token: string;
  readonly onChange: (batch: Batch, action: BatchAction) => void;
}

/** A batch that is no longer running, in any state. */
export function PastBatch({ batch, token, onChange }: PastBatchProps) {
  const action = actionOn(batch);
  const when = batch.published_at ?? batch.created_at;
  return (
    <li class="batch batch-past">
      <BatchHead batch={batch} />
      <p class="batch-rows">{formatCount(batch.rows.loaded, "row", "rows")}</p>
      <p class="batch-when">
        <span class="unseen">{batch.published_at ? "published" : "begun"} </span>
        <time dateTime={when}>{formatMoment(when)}</time>
      </p>
      <div class="batch-action">
        {action && (
          <button type="button" class="button" onClick={() => onChange(batch, action)}>
            {action === "retract" ? "Retract" : "Publish again"}
            <span class="unseen"> batch {batch.id}</span>
          </button>
        )}
      </div>
      {(batch.failure || batch.duplicate_of) && (
        <p class="batch-why">
          {batch.failure ?? (
            <>
              The same as <a href={writeView({ batch: String(batch.duplicate_of) })}>batch {batch.duplicate_of}</a>, so
              it was dropped.
            </>
          )}
        </p>
      )}
      <ReportedLines batch={batch} token={token} />
    </li>
  );
}
