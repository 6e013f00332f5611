import type { BatchState } from "../batches/batch-state.js";
import type { DeliveryMode } from "../batches/delivery.js";
import { failBatch } from "../batches/fail.js";
import { findPlannedBatch, PIECE_BYTES, type PlannedBatch, planBatch, STREAM_PIECE_BYTES } from "../batches/plan.js";
import { publishBatch } from "../batches/publish.js";
import type { Database } from "../database/database.js";
import type { SpareSums } from "../rates/roll-up/spare-sums.js";
import type { Folding } from "../upkeep/folding.js";
import { reclaimBatch } from "../upkeep/reclaim.js";
import { type AuditReport, auditBatch } from "./audit/audit.js";
import { faultOfContent } from "./load/fault-of-content.js";
import { readFirstBytes } from "./pieces/delivery-format.js";
import { compressionOf, MAGIC_BYTES } from "./sources/compression.js";
import { inMemory } from "./sources/in-memory.js";
import type { SourceObject } from "./sources/source.js";
import { loadRanges } from "./work/load-ranges.js";
import { findLoadState, type LoadState } from "./work/load-state.js";
import { loadStream } from "./work/load-stream.js";
import { PIECES_AT_ONCE, type Worker } from "./work/worker.js";

/** How the deliveries of a run are loaded. */
export interface DeliveryOptions {
  readonly mode?: DeliveryMode;
  /** A batch with at most this many bad lines is loaded without them; with more it fails. 0 if not given. */
  readonly maxBadRows?: number;
  /** Limit of the processing time of a batch. A batch that takes longer is reported, but not stopped. */
  readonly deadlineSeconds?: number;
  /** Called when work on a batch begins, so that its progress can be watched. Work on several batches may overlap. */
  readonly onBatch?: (batchId: number, source: SourceObject) => void;
  /** Called when a batch has ended, or when this process leaves it to other workers. */
  readonly onEnd?: (batchId: number) => void | Promise<void>;
  /** Bytes of a piece; tests make it small. */
  readonly pieceBytes?: number;
}

/** How one delivery ended. */
export interface BatchReport {
  readonly batchId: number;
  /** Name of the object. */
  readonly name: string;
  readonly location: string;
  readonly state: BatchState;
  /** True if the batch had been loaded or had failed before this run began. This run did nothing about it. */
  readonly already: boolean;
  readonly rows: number;
  readonly rejected: number;
  /** Why the batch failed. */
  readonly failure: string | null;
  /** True if loading the same delivery again would fail in the same way. */
  readonly failedForGood: boolean;
  /** The published batch with the same content, if this batch is a duplicate. */
  readonly duplicateOf: number | null;
}

/** A worker that also audits and publishes. */
export interface PublishingWorker extends Worker {
  readonly sums: SpareSums;
  readonly folding: Folding;
}

/** What all deliveries of one run share. */
export interface Run {
  readonly worker: PublishingWorker;
  /** When the run began, by the database's clock. */
  readonly startedAt: string;
  readonly feed: string;
  /** True if the source may hold several deliveries: a folder or a prefix. */
  readonly several: boolean;
  readonly options: DeliveryOptions;
}

/** Up to this size, a delivery is small: it is read into memory and is one piece. */
const SMALL_BYTES = 4 * 1024 * 1024;
/**
 * Small deliveries that are loaded at the same time. While one waits for its commit or its turn to publish, another is
 * parsed. Each takes one connection, and for a moment a second one. All of them together need as much memory for their
 * streams as one large delivery.
 */
export const SMALL_AT_ONCE = 4;
/** How many parts of the audit of a large batch one process makes at the same time. */
const AUDITS_AT_ONCE = 2;

/** True if other deliveries may be loaded at the same time as this delivery. */
export function isSmall({ bytes, ranges }: SourceObject, { pieceBytes = PIECE_BYTES }: DeliveryOptions): boolean {
  return ranges && bytes !== null && bytes <= Math.min(SMALL_BYTES, pieceBytes);
}

/** Loads, audits and publishes a delivery that is planned. */
export type PlannedDelivery =
  /** @param before resolves when all earlier deliveries have ended. @returns null if there is nothing to report. */
  (before: Promise<void>) => Promise<BatchReport | null>;

/**
 * Plans a delivery.
 * @param known the batch of the delivery, if it had one when it was listed.
 * @returns a function that loads and audits the delivery and, when the earlier deliveries have ended, publishes it.
 */
export async function planDelivery(
  run: Run,
  listed: SourceObject,
  known: PlannedBatch | null,
): Promise<PlannedDelivery> {
  const { database } = run.worker;
  const object = (await listed.lookAgain?.()) ?? listed;
  const { channel, identity } = object;
  const isOther = run.several && identity !== listed.identity;
  const before = isOther ? await findPlannedBatch(database, { ...run, channel, identity }, run.startedAt) : known;
  if (before?.endedBefore) return () => reportEnded(run, before, object);

  const small = run.several && isSmall(object, run.options);
  const readable = small ? await inMemory(object, database.signal) : object;
  const inRanges =
    readable.ranges && compressionOf(await readFirstBytes(readable, MAGIC_BYTES, database.signal)) === null;
  const pieceBytes = run.options.pieceBytes ?? (inRanges ? PIECE_BYTES : STREAM_PIECE_BYTES);
  const batch = await plan(run, object, inRanges, pieceBytes);
  const load = async () => {
    if (batch.state !== "loading") return;
    const piecesAtOnce = small ? 1 : PIECES_AT_ONCE;
    if (inRanges) return loadRanges(run.worker, batch.id, readable, piecesAtOnce);
    const bytes = small ? Math.min(pieceBytes, STREAM_PIECE_BYTES / SMALL_AT_ONCE) : pieceBytes;
    await loadStream(run.worker, batch.id, readable, { bytes, atOnce: piecesAtOnce });
  };
  return (before) => ingest(run, object, batch, load, before);
}

/** Null for a batch that had not failed: of a folder or prefix, only failed deliveries are reported again. */
async function reportEnded({ worker }: Run, batch: PlannedBatch, object: SourceObject): Promise<BatchReport | null> {
  return batch.state === "failed" ? reportOf(batch, object, await findLoadState(worker, batch.id)) : null;
}

function plan(run: Run, object: SourceObject, inRanges: boolean, pieceBytes: number): Promise<PlannedBatch> {
  const { feed, several, startedAt, options, worker } = run;
  const delivery = {
    feed,
    source: object.location,
    channel: object.channel,
    identity: object.identity,
    mode: options.mode ?? "append",
    bytes: inRanges ? object.bytes : null,
    pieceBytes,
    maxBadRows: options.maxBadRows ?? 0,
    deadlineSeconds: options.deadlineSeconds ?? null,
  };
  return planBatch(worker.database, delivery, startedAt, !several);
}

async function ingest(
  { worker, options }: Run,
  object: SourceObject,
  batch: PlannedBatch,
  load: () => Promise<LoadState | undefined>,
  before: Promise<void>,
): Promise<BatchReport> {
  let ended: LoadState;
  try {
    if (batch.state === "loading") options.onBatch?.(batch.id, object);
    const loaded = (await load()) ?? (await findLoadState(worker, batch.id));
    const audited = await audit(worker, batch.id, loaded, isSmall(object, options) ? 1 : AUDITS_AT_ONCE);
    await before;
    ended = await publish(worker, batch.id, audited);
  } finally {
    await before;
    await options.onEnd?.(batch.id);
  }
  if (!batch.endedBefore && (ended.state === "failed" || ended.state === "duplicate")) {
    await giveBack(worker.database, batch.id);
  }
  return reportOf(batch, object, ended);
}

/**
 * Audits a batch that is loaded, and fails a batch that cannot be loaded. Every worker of the batch does this, because
 * each of the others may die.
 */
async function audit(worker: PublishingWorker, batchId: number, load: LoadState, atOnce: number): Promise<LoadState> {
  const { database, sums } = worker;
  const failure = load.state === "loading" ? failureOf(load) : null;
  if (failure !== null) {
    // An attempt at a piece may succeed tomorrow; bad lines stay bad.
    const forGood = load.error === null;
    await failBatch(database, batchId, failure, forGood);
    return findLoadState(worker, batchId);
  }
  if (load.state !== "loading" && load.state !== "auditing") return load;
  // Each call makes one part at a time, and the database has more than one core.
  const audits = Array.from({ length: atOnce }, () => auditBatch(database, batchId, { sums, findsDuplicate: false }));
  const [{ state }] = (await Promise.all(audits)) as [AuditReport];
  return state === "audited" ? { ...load, state } : findLoadState(worker, batchId);
}

/** Publishes the batch if it is audited; leaves it alone otherwise. */
async function publish(worker: PublishingWorker, batchId: number, load: LoadState): Promise<LoadState> {
  const { database, folding } = worker;
  if (load.state !== "audited") return load;
  const { state, changed } = await publishBatch(database, batchId, { onlyAudited: true });
  if (state !== "published") return findLoadState(worker, batchId);
  if (changed) folding.changed(batchId);
  return { ...load, state };
}

/** Fails the batch of a stream that no worker can read again, because the process that read it was killed. */
export async function failAbandoned(database: Database, batchId: number): Promise<void> {
  await failBatch(database, batchId, "The process that read its input ended before the end of the input.");
  await giveBack(database, batchId);
}

/** Deletes the rows of a batch that ended without being published. If this fails, the next compaction deletes them. */
async function giveBack(database: Database, batchId: number): Promise<void> {
  const { log, signal } = database;
  try {
    await reclaimBatch(database, batchId);
  } catch (error) {
    signal.throwIfAborted();
    log.warn({ batch: batchId, error: (error as Error).message }, "the space of the batch is not free yet");
  }
}

/** The reason why a batch whose pieces have all ended cannot be published; null if it can be. */
function failureOf(load: LoadState): string | null {
  if (load.error !== null) return `Piece ${load.error}`;
  if (load.failed > 0 && load.rejected <= load.max_bad_rows) return `${load.failed} pieces failed.`;
  return faultOfContent(load.rows, load.rejected, load.max_bad_rows);
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
