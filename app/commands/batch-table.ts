import type { BatchSummary } from "../batches/batch-summary.js";
import { type ReportedLine, tells } from "../batches/reported-lines.js";
import type { Held } from "../batches/unfold.sql.js";
import { printable } from "../printable.js";
import { writeColumns } from "./columns.js";

const LONGEST_SOURCE = 48;

/** A line for each batch, in columns. */
export function writeBatchTable(batches: readonly BatchSummary[]): string {
  const header = ["ID", "STATE", "FEED", "ROWS", "BAD", "CREATED", "SOURCE"];
  const rows = batches.map((batch) => [
    String(batch.id),
    stateOf(batch),
    printable(batch.feed),
    batch.rows.toLocaleString("en-US"),
    String(batch.rejected),
    writeInstant(batch.created_at),
    printable(batch.source.length > LONGEST_SOURCE ? `…${batch.source.slice(1 - LONGEST_SOURCE)}` : batch.source),
  ]);
  return writeColumns([header, ...rows], new Set([0, 3, 4]));
}

/**
 * Writes everything about one batch, one fact on each line. Its bad lines follow, and the number of bad lines for each
 * reason.
 */
export function writeBatchDetails(
  batch: BatchSummary,
  lines: readonly ReportedLine[],
  counts: readonly { readonly reason: string; readonly count: number }[],
  held: Held | undefined,
): string {
  const facts: [name: string, value: string | null][] = [
    ["batch", String(batch.id)],
    ["state", stateOf(batch)],
    ["feed", batch.feed],
    ["source", batch.source],
    ["mode", batch.mode],
    ["holds", held ? `${held.batches.toLocaleString("en-US")} batches, ${held.first} to ${held.last}` : null],
    [
      "pieces",
      `${batch.pieces_loaded} of ${batch.pieces} loaded${batch.pieces_failed > 0 ? `, ${batch.pieces_failed} failed` : ""}`,
    ],
    ["rows", batch.rows.toLocaleString("en-US")],
    ["bad rows", `${batch.rejected.toLocaleString("en-US")} (${batch.max_bad_rows} allowed)`],
    [
      "speed",
      batch.rows_per_second === null ? null : `${Math.round(batch.rows_per_second).toLocaleString("en-US")} rows/s`,
    ],
    ["audit", batch.audit_parts === 0 ? null : `${batch.audit_parts_done} of ${batch.audit_parts} parts`],
    ["progress", batch.progress === null ? null : `${Math.floor(batch.progress * 100)} %`],
    ["estimated end", instantOrNull(batch.estimated_end)],
    ["deadline", instantOrNull(batch.deadline_at)],
    ["checksum", batch.checksum],
    ["created", writeInstant(batch.created_at)],
    ["audited", instantOrNull(batch.audited_at)],
    ["published", instantOrNull(batch.published_at)],
    ["retracted", instantOrNull(batch.retracted_at)],
    ["failed", batch.state === "failed" ? instantOrNull(batch.failed_at) : null],
    ["failure", batch.failure],
  ];
  const width = Math.max(...facts.map(([name]) => name.length));
  return [
    ...facts.filter(([, value]) => value !== null).map(([name, value]) => `${name.padEnd(width)}  ${value}`),
    ...lines
      .filter(({ reason }) => !tells(batch.failure, reason))
      .flatMap(({ file, piece, line, column, reason, content }) => [
        `${file}${piece === null ? "" : `, piece ${piece}`}:${line ?? "?"}: ${column === null ? "" : `${column}: `}${reason}`,
        ...(content ? [`    ${content}`] : []),
      ]),
    ...counts.map(({ reason, count }) => `${count} × ${reason}`),
  ]
    .map(printable)
    .join("\n");
}

function stateOf({ state, duplicate_of, awaits_publish }: BatchSummary): string {
  if (awaits_publish) return "uploaded, not published";
  return duplicate_of === null ? state : `${state} of ${duplicate_of}`;
}

function instantOrNull(instant: Date | null): string | null {
  return instant && writeInstant(instant);
}

/** In UTC, to the second, so that it can be compared with the logs of several pods. */
function writeInstant(instant: Date): string {
  return instant
    .toISOString()
    .replace("T", " ")
    .replace(/\.\d+Z$/, "Z");
}
