import { useEffect, useState } from "preact/hooks";
import { ProblemNotice } from "../problem-notice.js";
import { formatCount } from "./amount.js";
import { type Batch, type BatchAction, isRunning } from "./batch.js";
import { BatchFilter } from "./batch-filter.js";
import { ConfirmChange } from "./confirm-change.js";
import { FeedTable } from "./feed-table.js";
import { PastBatch } from "./past-batch.js";
import { RunningBatch } from "./running-batch.js";
import { useBatches } from "./use-batches.js";
import { useView, writeView } from "./view.js";

interface BatchListProps {
  readonly token: string;
  /** Called if the service refuses the token. */
  readonly onRefused: () => void;
}

/** A page of batches, running ones first, or a single batch. The address decides which. */
export function BatchList({ token, onRefused }: BatchListProps) {
  const [view, setView] = useView();
  const { cursor, ...newest } = view;
  const { page, problem, refresh } = useBatches(token, view);
  const [asking, setAsking] = useState<{ batch: Batch; action: BatchAction }>();
  const refused = problem?.status === 401;
  useEffect(() => {
    if (refused) onRefused();
  }, [refused]);

  const filtered = view.feed !== undefined || view.state !== undefined;
  const running = page?.batches.filter(isRunning) ?? [];
  const past = page?.batches.filter((batch) => !isRunning(batch)) ?? [];
  const onChange = (batch: Batch, action: BatchAction) => setAsking({ batch, action });
  return (
    <>
      {view.batch ? (
        <p class="all">
          <a href={writeView({})}>All batches</a>
        </p>
      ) : (
        <BatchFilter view={view} onView={setView} />
      )}
      <p class="unseen" role="status">
        {page && formatCount(page.batches.length, "batch", "batches")}
      </p>
      {problem && !refused && <ProblemNotice problem={problem} onRetry={refresh} />}
      {!page && !problem && <div class="waiting" aria-hidden="true" />}
      {page?.batches.length === 0 && filtered && (
        <section class="blank">
          <h2>No such batches</h2>
          <p>No batch is of this feed and in this state.</p>
        </section>
      )}
      {page?.batches.length === 0 && !filtered && (
        <section class="blank">
          <h2>No batches yet</h2>
          <p>
            Load a file with <code>ratesapp ingest run --source FILE</code>, or upload one with{" "}
            <code>POST /batches</code>. Its progress shows here.
          </p>
        </section>
      )}
      {page && !filtered && !cursor && page.feeds.length > 0 && <FeedTable feeds={page.feeds} />}
      {running.length > 0 && (
        <section aria-labelledby="running">
          <h2 id="running">In progress</h2>
          <ul class="batches">
            {running.map((batch) => (
              <RunningBatch key={batch.id} batch={batch} token={token} onChange={onChange} />
            ))}
          </ul>
        </section>
      )}
      {past.length > 0 && (
        <section aria-labelledby="past">
          <h2 id="past">History</h2>
          <ul class="batches batches-past">
            {past.map((batch) => (
              <PastBatch key={batch.id} batch={batch} token={token} onChange={onChange} />
            ))}
          </ul>
        </section>
      )}
      {page && (cursor || page.next_cursor) && (
        <nav class="pages" aria-label="Pages of batches">
          <button type="button" class="button" disabled={!cursor} onClick={() => setView(newest)}>
            Newest
          </button>
          <button
            type="button"
            class="button"
            disabled={!page.next_cursor}
            onClick={() => setView(page.next_cursor ? { ...view, cursor: page.next_cursor } : newest)}
          >
            Older
          </button>
        </nav>
      )}
      {asking && (
        <ConfirmChange
          batch={asking.batch}
          action={asking.action}
          token={token}
          onClose={(changed) => {
            setAsking(undefined);
            if (changed) refresh();
          }}
        />
      )}
    </>
  );
}
