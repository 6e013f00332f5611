import { Counter, Gauge } from "prom-client";
import type { Queries } from "../database/queries.js";
import { registry } from "../telemetry/registry.js";
import { SharedReading } from "../telemetry/shared-reading.js";
import { type Ingest, readIngest } from "./batch-metrics.sql.js";
import type { BatchSummary } from "./batch-summary.js";
import { listBatches } from "./list-batches.js";

/**
 * Figures of the ingest, read from the database. A pod that loads lives for minutes and is often gone before Prometheus
 * scrapes it, so the serving processes report the figures instead. Each serving process reports the same values: take
 * `max` over the processes, not `sum`. While the database does not answer, these metrics are absent.
 */
interface KnownIngest extends Ingest {
  readonly unfinished: readonly BatchSummary[];
}

const KEPT_MS = 5_000;
const MOST_UNFINISHED = 100;

const ingest = new SharedReading(KEPT_MS, read);

/** From now on the metrics show the batches of this database. With undefined, they show nothing. */
export function watchIngest(watched: Queries | undefined): void {
  ingest.watch(watched);
}

async function read(from: Queries): Promise<KnownIngest> {
  const [known, ...lists] = await Promise.all([
    from.row(readIngest),
    ...(["loading", "auditing", "audited"] as const).map((state) =>
      listBatches(from, { limit: MOST_UNFINISHED, state }),
    ),
  ]);
  return { ...(known as Ingest), unfinished: lists.flat() };
}

/** Registers a metric whose values are set anew at each scrape. */
function tell<Label extends string>(
  Kind: typeof Gauge | typeof Counter,
  name: string,
  help: string,
  labelNames: readonly Label[],
  values: (ingest: KnownIngest) => Iterable<readonly [labels: Partial<Record<Label, string>>, value: number]>,
): void {
  new Kind({
    name,
    help,
    labelNames: [...labelNames],
    registers: [registry],
    async collect() {
      const known = await ingest.current();
      this.reset();
      // The reset of a metric without labels leaves a zero. While the database does not answer, that zero would be
      // wrong.
      if (labelNames.length === 0) (this as Gauge).remove?.();
      if (known === undefined) return;
      for (const [labels, value] of values(known)) this.inc(labels, value);
    },
  });
}

tell(Counter, "ratesapp_ingest_rows_total", "Prices in loaded pieces", ["feed"], ({ loaded }) =>
  loaded.map(({ feed, rows }) => [{ feed }, rows] as const),
);
tell(Counter, "ratesapp_ingest_rejected_rows_total", "Lines that were not loaded", ["feed"], ({ loaded }) =>
  loaded.map(({ feed, rejected }) => [{ feed }, rejected] as const),
);
tell(Counter, "ratesapp_ingest_bytes_total", "Bytes of loaded pieces, decompressed", ["feed"], ({ loaded }) =>
  loaded.map(({ feed, bytes }) => [{ feed }, bytes] as const),
);
tell(Gauge, "ratesapp_ingest_batches", "Batches by state", ["feed", "state"], ({ batches }) =>
  batches.map(({ feed, state, count }) => [{ feed, state }, count] as const),
);
tell(Gauge, "ratesapp_ingest_pieces", "Pieces of batches that are not finished, by state", ["state"], ({ pieces }) =>
  ["waiting", "loading", "loaded", "failed"].map(
    (state) => [{ state }, pieces.find((piece) => piece.state === state)?.count ?? 0] as const,
  ),
);
tell(
  Counter,
  "ratesapp_ingest_piece_attempts_total",
  "Attempts at pieces, by kind: first, retry (after an attempt that failed), takeover (of a worker whose lease ended)",
  ["kind"],
  ({ attempts }) => attempts.map(({ kind, count }) => [{ kind }, count] as const),
);
tell(Gauge, "ratesapp_ingest_last_publish_age_seconds", "Time since a feed's last publish", ["feed"], ({ published }) =>
  published.map(({ feed, seconds }) => [{ feed }, seconds] as const),
);
tell(
  Gauge,
  "ratesapp_ingest_last_batch_duration_seconds",
  "Time from plan to publish of a feed's last published batch",
  ["feed"],
  ({ published }) => published.map(({ feed, took }) => [{ feed }, took] as const),
);
tell(
  Gauge,
  "ratesapp_ingest_oldest_unfinished_seconds",
  "Age of the oldest batch that is neither published nor failed; 0 without one",
  [],
  ({ oldest_unfinished }) => [[{}, oldest_unfinished ?? 0] as const],
);
tell(
  Gauge,
  "ratesapp_batch_deadline_left_seconds",
  "Time until the deadline of a batch that is not finished; negative once it has passed",
  ["batch", "feed"],
  ({ unfinished }) =>
    unfinished.flatMap(({ id, feed, deadline_at, read_at }) =>
      deadline_at === null ? [] : [[{ batch: String(id), feed }, (+deadline_at - +read_at) / 1000] as const],
    ),
);
tell(
  Gauge,
  "ratesapp_batch_deadline_margin_seconds",
  "Time from the estimated end of a batch being loaded or audited to its deadline; negative if the batch will miss its deadline",
  ["batch", "feed"],
  ({ unfinished }) =>
    unfinished.flatMap(({ id, feed, deadline_at, estimated_end }) =>
      deadline_at === null || estimated_end === null
        ? []
        : [[{ batch: String(id), feed }, (+deadline_at - +estimated_end) / 1000] as const],
    ),
);
