import type { BatchState } from "../batches/batch-state.js";
import type { DeliveryMode } from "../batches/delivery.js";
import { failBatch } from "../batches/fail.js";
import { findPlannedBatch, PIECE_BYTES, type PlannedBatch, planBatch, STREAM_PIECE_BYTES } from "../batches/plan.js";
import { readClock } from "../batches/plan.sql.js";
import { publishBatch } from "../batches/publish.js";
import { workerName } from "../batches/worker-name.js";
import type { Database } from "../database/database.js";
import { isTransient } from "../database/sqlstates.js";
import { Folder } from "../upkeep/folder.js";
import { reclaimBatch } from "../upkeep/reclaim.js";
import { auditBatch } from "./audit/audit.js";
import { DEFAULT_FEED } from "./feeds.js";
import { requirePorts } from "./load/read-ports.js";
import { readFirstBytes } from "./pieces/layout.js";
import { compressionOf, MAGIC_BYTES } from "./sources/compression.js";
import { openSource } from "./sources/open-source.js";
import type { Source, SourceObject } from "./sources/source.js";
import { loadRanges } from "./work/load-ranges.js";
import { findLoadState, type LoadState } from "./work/load-state.js";
import { loadStream } from "./work/load-stream.js";
import { listAbandonedPipes } from "./work/load-stream.sql.js";
import { PIECES_AT_ONCE, type Worker } from "./work/worker.js";

export interface IngestOptions {
  /**
   * With a pool of at least six connections, without a statement timeout. Its signal asks to stop: pieces are given
   * back, and another run goes on from there.
   */
  readonly database: Database;
  /** A path, a folder, `https://…`, `s3://bucket/prefix`, `-` for standard input, or a source that is open. */
  readonly source: string | Source;
  /** Name of the feed; {@link DEFAULT_FEED} if none is given. */
  readonly feed?: string;
  readonly mode?: DeliveryMode;
  /** Bad lines that are left out instead of failing the batch; 0 if not given. */
  readonly maxBadRows?: number;
  /** Limit of a batch's processing time. Passing it is reported; nothing is stopped. */
  readonly deadlineSeconds?: number;
  /** Told when work on a batch begins, so that its progress can be watched. */
  readonly onBatch?: (batchId: number, source: SourceObject) => void;
  /** Told when a batch has ended, or is left to others. */
  readonly onEnd?: () => void | Promise<void>;
  /** Told of each delivery when it has ended, whatever becomes of those behind it. */
  readonly onReport?: (report: BatchReport) => void | Promise<void>;
  /** Bytes of a piece; tests make it small. */
  readonly pieceBytes?: number;
}

/** Audits of a batch that one process has under way. */
const AUDITS_AT_ONCE = 2;

/** How one delivery ended. */
export interface BatchReport {
  readonly batchId: number;
  /** Name of the object. */
  readonly name: string;
  readonly location: string;
  readonly state: BatchState;
  /** It had been loaded, or had failed, before this run began, which did nothing about it. */
  readonly already: boolean;
  readonly rows: number;
  readonly rejected: number;
  /** Why it failed. */
  readonly failure: string | null;
  /** Loading it again would fail the same way. */
  readonly failedForGood: boolean;
  /** The published batch that it repeats. */
  readonly duplicateOf: number | null;
}

/** Some of several deliveries could not be worked on, for the reasons in `errors`; the others were. */
export class DeliveriesError extends AggregateError {
  constructor(errors: readonly Error[]) {
    super(errors, errors.map(({ message }) => message).join("\n"));
    this.name = "DeliveriesError";
  }
}

/** A worker that folds behind what it publishes. */
interface PublishingWorker extends Worker {
  readonly folder: Folder;
}

/**
 * Loads what the source holds: each object (file, key, address) as one batch, which is published as a whole when all
 * its pieces are loaded and audited, or fails as a whole. Any number of processes may run this for the same source at
 * the same time and share the work. Of a folder or prefix, objects that were loaded already are left out, and those
 * that failed before are only reported.
 *
 * ```ts
 * const [report] = await ingestSource({ database, source: "prices.csv" });
 * ```
 * @returns a report for each object that was worked on, that failed before, or that this run was given by name.
 * @throws {SourceError} if there is no such source.
 * @throws {PortsMissingError} while the database knows no ports.
 * @throws {DeliveriesError} behind the last, if some of several could not be read; `onReport` was told of the others.
 * @throws the signal's reason when asked to stop.
 */
export async function ingestSource(options: IngestOptions): Promise<BatchReport[]> {
  const { database } = options;
  const { signal } = database;
  const source = typeof options.source === "string" ? await openSource(options.source, signal) : options.source;
  const startedAt = (await database.row(readClock))?.now as string;
  const folder = new Folder(database.with({ patienceMs: 0 }), database.log);
  const worker: PublishingWorker = { database, name: workerName(), ports: await requirePorts(database), folder };
  try {
    await failAbandoned(worker);
    return await ingestObjects(worker, source, startedAt, options);
  } finally {
    await folder.end();
  }
}

async function ingestObjects(
  worker: PublishingWorker,
  source: Source,
  startedAt: string,
  options: IngestOptions,
): Promise<BatchReport[]> {
  const { signal } = worker.database;
  const feed = options.feed ?? DEFAULT_FEED;
  const reports: BatchReport[] = [];
  const failures: Error[] = [];
  const fail = (name: string, error: unknown) => {
    failures.push(new Error(`${name}: ${(error as Error).message}`, { cause: error }));
  };
  for await (const found of source.list(signal)) {
    if ("error" in found) {
      fail(found.name, found.error);
      continue;
    }
    let report: BatchReport | null;
    try {
      report = await ingestObject(worker, found, feed, startedAt, source.several, options);
    } catch (error) {
      signal.throwIfAborted();
      // No other delivery fares better where the database is away.
      if (!source.several || isTransient(error)) throw error;
      fail(found.name, error);
      continue;
    }
    if (report === null) continue;
    reports.push(report);
    await options.onReport?.(report);
  }
  if (failures.length > 0) throw new DeliveriesError(failures);
  return reports;
}

/** Null for one of several that was loaded before. */
async function ingestObject(
  worker: PublishingWorker,
  object: SourceObject,
  feed: string,
  startedAt: string,
  several: boolean,
  options: IngestOptions,
): Promise<BatchReport | null> {
  if (several) {
    const { channel, identity } = object;
    const known = await findPlannedBatch(worker.database, { feed, channel, identity }, startedAt);
    if (known?.endedBefore) {
      return known.state === "failed" ? reportOf(known, object, await findLoadState(worker, known.id)) : null;
    }
  }
  const inRanges =
    object.ranges && compressionOf(await readFirstBytes(object, MAGIC_BYTES, worker.database.signal)) === null;
  const pieceBytes = options.pieceBytes ?? (inRanges ? PIECE_BYTES : STREAM_PIECE_BYTES);
  const batch = await planBatch(
    worker.database,
    {
      feed,
      source: object.location,
      channel: object.channel,
      identity: object.identity,
      mode: options.mode ?? "append",
      bytes: inRanges ? object.bytes : null,
      pieceBytes,
      maxBadRows: options.maxBadRows ?? 0,
      deadlineSeconds: options.deadlineSeconds ?? null,
    },
    startedAt,
    !several,
  );
  let ended: LoadState;
  try {
    if (batch.state === "loading") {
      options.onBatch?.(batch.id, object);
      if (inRanges) await loadRanges(worker, batch.id, object);
      else await loadStream(worker, batch.id, object, { bytes: pieceBytes, atOnce: PIECES_AT_ONCE });
    }
    ended = await finish(worker, batch.id);
  } finally {
    await options.onEnd?.();
  }
  if (!batch.endedBefore && (ended.state === "failed" || ended.state === "duplicate")) await giveBack(worker, batch.id);
  return reportOf(batch, object, ended);
}

/** Audits and publishes the batch if it is loaded; fails it if it cannot be. All workers come here, and any may die. */
async function finish(worker: PublishingWorker, batchId: number): Promise<LoadState> {
  const { database } = worker;
  let load = await findLoadState(worker, batchId);
  const failure = load.state === "loading" ? failureOf(load) : null;
  if (failure !== null) {
    // An attempt at a piece may end otherwise tomorrow; what is in its lines will not.
    const forGood = load.error === null;
    await failBatch(database, batchId, failure, forGood);
  } else if (load.state === "loading" || load.state === "auditing") {
    // Each call makes one month at a time, and the database has more than one core.
    await Promise.all(Array.from({ length: AUDITS_AT_ONCE }, () => auditBatch(database, batchId)));
    load = await findLoadState(worker, batchId);
  }
  if (load.state === "audited") {
    const { changed } = await publishBatch(database, batchId, { onlyAudited: true });
    if (changed) worker.folder.published(batchId);
  }
  return findLoadState(worker, batchId);
}

/** Deletes the rows of a batch that ended without being seen. What is left of them waits for the next compaction. */
async function giveBack({ database }: Worker, batchId: number): Promise<void> {
  const { log, signal } = database;
  try {
    await reclaimBatch(database, batchId);
  } catch (error) {
    signal.throwIfAborted();
    log.warn({ batch: batchId, error: (error as Error).message }, "the space of the batch is not free yet");
  }
}

/** Ends streams that no worker can read again, because the process that did was killed. */
async function failAbandoned(worker: Worker): Promise<void> {
  for (const { id } of await worker.database.rows(listAbandonedPipes)) {
    await failBatch(worker.database, id, "Its worker ended before its input did.");
    await giveBack(worker, id);
  }
}

/** Why a batch with nothing left to load cannot be published; null if it can. */
function failureOf(load: LoadState): string | null {
  if (load.error !== null) return `Piece ${load.error}`;
  if (load.rejected > load.max_bad_rows) {
    const allowed = load.max_bad_rows === 0 ? "" : `; ${load.max_bad_rows} are allowed`;
    return `${load.rejected} bad ${load.rejected === 1 ? "line" : "lines"}${allowed}.`;
  }
  if (load.failed > 0) return `${load.failed} pieces failed.`;
  return load.rows === 0 ? "It holds no prices." : null;
}

function reportOf(batch: PlannedBatch, object: SourceObject, load: LoadState): BatchReport {
  return {
    batchId: batch.id,
    name: object.name,
    location: object.location,
    state: load.state,
    already: batch.endedBefore,
    rows: load.rows,
    rejected: load.rejected,
    failure: load.failure,
    failedForGood: load.failed_for_good,
    duplicateOf: load.duplicate_of,
  };
}
