import { useState } from "preact/hooks";
import { ProblemNotice } from "../problem-notice.js";
import { useLoaded } from "../use-loaded.js";
import { formatCount } from "./amount.js";
import { type BadLine, type Batch, loadBatch } from "./batch.js";

interface ReportedLinesProps {
  readonly batch: Batch;
  readonly token: string;
}

/** The bad lines of a batch. They are loaded when the user asks for them, because a batch may keep a thousand. */
export function ReportedLines({ batch, token }: ReportedLinesProps) {
  const [open, setOpen] = useState(false);
  const { id, rows, errors } = batch;
  const key = open ? `${id} ${rows.rejected}` : undefined;
  const detail = useLoaded(key, (signal) => loadBatch(token, id, signal));
  if (rows.rejected === 0 && errors.length === 0) return null;

  const lines = detail.value?.errors ?? errors;
  return (
    <details class="bad" onToggle={(event) => setOpen(event.currentTarget.open)}>
      <summary>{formatCount(Math.max(rows.rejected, errors.length), "bad line", "bad lines")}</summary>
      {detail.problem && <ProblemNotice problem={detail.problem} onRetry={detail.retry} />}
      {lines.length > 0 && <BadLineTable id={id} lines={lines} />}
      {!detail.loading && rows.rejected > lines.length && (
        <p class="bad-more">
          {lines.length === 0
            ? "None of them was kept."
            : `The first ${formatCount(lines.length, "line", "lines")} of ${rows.rejected.toLocaleString("en-US")}.`}
        </p>
      )}
    </details>
  );
}

function BadLineTable({ id, lines }: { readonly id: number; readonly lines: readonly BadLine[] }) {
  return (
    // biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be reachable by keyboard
    <section class="bad-box" tabIndex={0} aria-label={`Bad lines of batch ${id}`}>
      <table class="bad-table">
        <thead>
          <tr>
            <th scope="col">File</th>
            <th scope="col">Line</th>
            <th scope="col">Column</th>
            <th scope="col">Reason</th>
            <th scope="col">Content</th>
          </tr>
        </thead>
        <tbody>
          {lines.map(({ file, piece, line, column, reason, content }, index) => (
            <tr key={index}>
              <td class="bad-text">{piece == null ? file : `${file}, piece ${piece}`}</td>
              <td>{line}</td>
              <td>{column}</td>
              <td>{reason}</td>
              <td class="bad-text bad-content">{content}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </section>
  );
}
