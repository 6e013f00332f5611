import type { BatchState } from "../batches/batch-state.js";
import type { DeliveryMode } from "../batches/delivery.js";
import { failBatch } from "../batches/fail.js";
import { findPlannedBatch, PIECE_BYTES, type PlannedBatch, planBatch, STREAM_PIECE_BYTES } from "../batches/plan.js";
import { publishBatch } from "../batches/publish.js";
import type { Database } from "../database/database.js";
import type { SpareSums } from "../rates/roll-up/spare-sums.js";
import type { Folder } from "../upkeep/folder.js";
import { reclaimBatch } from "../upkeep/reclaim.js";
import { type AuditReport, auditBatch } from "./audit/audit.js";
import { readFirstBytes } from "./pieces/delivery-format.js";
import { compressionOf, MAGIC_BYTES } from "./sources/compression.js";
import { inMemory } from "./sources/in-memory.js";
import type { SourceObject } from "./sources/source.js";
import { loadRanges } from "./work/load-ranges.js";
import { findLoadState, type LoadState } from "./work/load-state.js";
import { loadStream } from "./work/load-stream.js";
import { PIECES_AT_ONCE, type Worker } from "./work/worker.js";

export interface DeliveryOptions {
  readonly mode?: DeliveryMode;
  /** Bad lines that are left out instead of failing the batch; 0 if not given. */
  readonly maxBadRows?: number;
  /** Limit of a batch's processing time. Passing it is reported; nothing is stopped. */
  readonly deadlineSeconds?: number;
  /** Told when work on a batch begins, so that its progress can be watched. Several may be under way. */
  readonly onBatch?: (batchId: number, source: SourceObject) => void;
  /** Told when a batch has ended, or is left to others. */
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

/** A worker that also audits and publishes. */
export interface PublishingWorker extends Worker {
  readonly sums: SpareSums;
  readonly folder: Folder;
}

/** What all deliveries of one run share. */
export interface Run {
  readonly worker: PublishingWorker;
  /** By the database's clock. */
  readonly startedAt: string;
  readonly feed: string;
  /** The source may hold several deliveries. */
  readonly several: boolean;
  readonly options: DeliveryOptions;
}

/** A small delivery is read into memory, and is one piece. */
const SMALL_BYTES = 4 * 1024 * 1024;
/**
 * Small deliveries under way at a time, while one waits for its commit or its turn. Each takes one connection and, for
 * a moment, another; the memory of their streams is that of a large one.
 */
export const SMALL_AT_ONCE = 4;
/** Audits of a large batch that one process has under way. */
const AUDITS_AT_ONCE = 2;

/** Whether others may be under way beside it. */
export function isSmall({ bytes, ranges }: SourceObject, { pieceBytes = PIECE_BYTES }: DeliveryOptions): boolean {
  return ranges && bytes !== null && bytes <= Math.min(SMALL_BYTES, pieceBytes);
}

/** A delivery that is planned. */
export type PlannedDelivery =
  /** @param before resolves when those before it have ended. @returns null if there is nothing to tell of it. */
  (before: Promise<void>) => Promise<BatchReport | null>;

/**
 * Plans a delivery.
 * @param known its batch, as far as it was known when it was listed.
 * @returns what loads, audits and, in its turn, publishes it.
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

/** Null for one of several that was loaded before. */
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

/** Audits the batch if it is loaded; fails it if it cannot be. All workers come here, and any may die. */
async function audit(worker: PublishingWorker, batchId: number, load: LoadState, atOnce: number): Promise<LoadState> {
  const { database, sums } = worker;
  const failure = load.state === "loading" ? failureOf(load) : null;
  if (failure !== null) {
    // An attempt at a piece may end otherwise tomorrow; what is in its lines will not.
    const forGood = load.error === null;
    await failBatch(database, batchId, failure, forGood);
    return findLoadState(worker, batchId);
  }
  if (load.state !== "loading" && load.state !== "auditing") return load;
  // Each call makes one month at a time, and the database has more than one core.
  const audits = Array.from({ length: atOnce }, () => auditBatch(database, batchId, { sums, findsDuplicate: false }));
  const [{ state }] = (await Promise.all(audits)) as [AuditReport];
  return state === "audited" ? { ...load, state } : findLoadState(worker, batchId);
}

/** Publishes the batch if it is audited. */
async function publish(worker: PublishingWorker, batchId: number, load: LoadState): Promise<LoadState> {
  const { database, folder } = worker;
  if (load.state !== "audited") return load;
  const { state, changed } = await publishBatch(database, batchId, { onlyAudited: true });
  if (state !== "published") return findLoadState(worker, batchId);
  if (changed) folder.changed(batchId);
  return { ...load, state };
}

/** Ends a stream that no worker can read again, because the process that did was killed. */
export async function failAbandoned(database: Database, batchId: number): Promise<void> {
  await failBatch(database, batchId, "Its worker ended before its input did.");
  await giveBack(database, batchId);
}

/** Deletes the rows of a batch that ended without being seen. What is left of them waits for the next compaction. */
async function giveBack(database: Database, batchId: number): Promise<void> {
  const { log, signal } = database;
  try {
    await reclaimBatch(database, batchId);
  } catch (error) {
    signal.throwIfAborted();
    log.warn({ batch: batchId, error: (error as Error).message }, "the space of the batch is not free yet");
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
