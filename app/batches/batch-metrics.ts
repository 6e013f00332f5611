import type pg from "pg";
import { Counter, Gauge } from "prom-client";
import { registry } from "../telemetry/registry.js";
import { readIngest } from "./batch-metrics.sql.js";
import { type BatchSummary, listBatches } from "./batch-summary.js";

/**
 * Ingest as the database knows it. Pods that load live for minutes and are gone before anyone scrapes them, so the
 * serving processes tell it, each the same: take `max` over them, not `sum`. All of it is absent while the
 * database does not answer.
 */
interface Ingest {
  readonly loaded: readonly { feed: string; rows: number; rejected: number; bytes: number }[];
  readonly batches: readonly { feed: string; state: string; count: number }[];
  readonly pieces: readonly { state: string; count: number }[];
  readonly attempts: readonly { kind: string; count: number }[];
  readonly published: readonly { feed: string; seconds: number; took: number }[];
  readonly oldest_unfinished: number | null;
  readonly unfinished: readonly BatchSummary[];
}

/** Several scrapers, and all metrics of one scrape, share one reading. */
const CACHE_MS = 5_000;
const QUERY_TIMEOUT_MS = 2_000;
const MOST_UNFINISHED = 100;

let database: Pick<pg.Pool, "query"> | undefined;
let reading: Promise<Ingest | undefined> | undefined;
let readAtMs = Number.NEGATIVE_INFINITY;

/** From now on the metrics tell of this database; undefined ends that. */
export function watchIngest(pool: Pick<pg.Pool, "query"> | undefined): void {
  database = pool;
  reading = undefined;
  readAtMs = Number.NEGATIVE_INFINITY;
}

function current(): Promise<Ingest | undefined> {
  if (reading === undefined || performance.now() - readAtMs > CACHE_MS) {
    readAtMs = performance.now();
    reading = database === undefined ? Promise.resolve(undefined) : read(database).catch(() => undefined);
  }
  return reading;
}

async function read(pool: Pick<pg.Pool, "query">): Promise<Ingest> {
  const query = { text: readIngest, query_timeout: QUERY_TIMEOUT_MS } as pg.QueryConfig;
  const [known, ...lists] = await Promise.all([
    pool.query<Omit<Ingest, "unfinished">>(query),
    ...(["loading", "auditing", "audited"] as const).map((state) =>
      listBatches(pool, { limit: MOST_UNFINISHED, state }),
    ),
  ]);
  return { ...(known.rows[0] as Omit<Ingest, "unfinished">), unfinished: lists.flat() };
}

/** A metric whose values are set anew at each scrape. */
function tell<Label extends string>(
  Kind: typeof Gauge | typeof Counter,
  name: string,
  help: string,
  labelNames: readonly Label[],
  values: (ingest: Ingest) => Iterable<readonly [labels: Partial<Record<Label, string>>, value: number]>,
): void {
  new Kind({
    name,
    help,
    labelNames: [...labelNames],
    registers: [registry],
    async collect() {
      const ingest = await current();
      this.reset();
      // Without labels, a reset leaves a zero behind, which would be a lie while nothing is known.
      if (labelNames.length === 0) (this as Gauge).remove?.();
      if (ingest === undefined) return;
      for (const [labels, value] of values(ingest)) this.inc(labels, value);
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
  "Time from the estimated end of a batch being loaded or audited to its deadline; negative: it will miss it",
  ["batch", "feed"],
  ({ unfinished }) =>
    unfinished.flatMap(({ id, feed, deadline_at, estimated_end }) =>
      deadline_at === null || estimated_end === null
        ? []
        : [[{ batch: String(id), feed }, (+deadline_at - +estimated_end) / 1000] as const],
    ),
);
