import { randomUUID } from "node:crypto";
import { hostname } from "node:os";
import { setTimeout as sleep } from "node:timers/promises";
import type pg from "pg";
import { isTransient, retryTransient } from "../database/transient.js";
import type { BatchState } from "./batch-state.js";
import { failBatch } from "./fail.js";
import { LeaseLostError, SourceError } from "./ingest-error.js";
import { LEASE_SECONDS } from "./lease.js";
import { HeaderError } from "./parse/columns.js";
import type { PortTable } from "./parse/port-table.js";
import type { Head } from "./sources/head.js";
import type { SourceObject } from "./sources/source.js";
import {
  failExhausted,
  insertHeaderFault,
  putBack,
  readWork,
  renewPieces,
  renewStream,
  setColumns,
} from "./work.sql.js";

/** Where a worker says what happens; a pino logger is one. */
export interface IngestLog {
  info(fields: object, message: string): void;
  warn(fields: object, message: string): void;
}

/** What all parts of one run share. */
export interface Worker {
  readonly pool: pg.Pool;
  /** Unique for each run; leases are told apart by it. */
  readonly name: string;
  readonly ports: PortTable;
  readonly log: IngestLog;
  /** Aborted when the worker shall stop: it gives its pieces back and ends. */
  readonly signal: AbortSignal;
}

/** Readable in `pieces.worker`, and unique although pods share process ids and, after a restart, names. */
export function workerName(): string {
  return `${hostname()}:${process.pid}:${randomUUID().slice(0, 8)}`;
}

/** What is left to do for a batch. */
export interface Work {
  readonly state: BatchState;
  readonly planned: boolean;
  readonly failure: string | null;
  readonly duplicate_of: number | null;
  readonly max_bad_rows: number;
  readonly streaming: boolean;
  readonly unfinished: number;
  readonly failed: number;
  readonly rows: number;
  readonly rejected: number;
  readonly error: string | null;
}

/**
 * Two pieces at a time in one process: while one waits for its commit or for the source, the other is parsed. A third
 * gains nothing, as parsing is one thread.
 */
export const LANES = 2;

/**
 * Attempts to load a piece before it fails. With the waits between them (0.5 s doubled, at most 30 s) they span at
 * least half a minute and on average more than a minute, longer than a failover takes.
 */
export const MAX_ATTEMPTS = 8;
const FIRST_WAIT_SECONDS = 0.5;
const LONGEST_WAIT_SECONDS = 30;
/** Space is made by people or by vacuum, neither of which is fast. */
const DISK_FULL_WAIT_SECONDS = 10;
const DISK_FULL = "53100";

/** How long a worker looks for a database that is away; its pieces are then anyone's, and the batch can go on. */
const PATIENCE_MS = 10 * 60_000;
/** A heartbeat that takes longer than this has failed. */
const HEARTBEAT_TIMEOUT_MS = 5_000;

/** Runs a statement that may be repeated, however often the database goes away meanwhile. */
export function patiently<T>(worker: Pick<Worker, "log" | "signal">, attempt: () => Promise<T>): Promise<T> {
  worker.signal.throwIfAborted();
  return retryTransient(attempt, {
    deadlineMs: Date.now() + PATIENCE_MS,
    signal: worker.signal,
    onRetry: (error, count) => {
      // The first tries are routine, and a database that is away for minutes needs no line for each second.
      if (count % 10 === 5) worker.log.warn({ error: (error as Error).message }, "waiting for the database");
    },
  });
}

export async function readWorkOf(worker: Worker, batchId: number): Promise<Work> {
  await patiently(worker, () => worker.pool.query(failExhausted, [batchId, MAX_ATTEMPTS]));
  const { rows } = await patiently(worker, () => worker.pool.query<Work>(readWork, [batchId]));
  if (!rows[0]) throw new Error(`There is no batch ${batchId} any more.`);
  return rows[0];
}

/** Keeps the header, which a file of rejected lines begins with. */
export async function noteHead(worker: Worker, batchId: number, head: Head): Promise<Head> {
  const columns = head.format === "csv" ? head.columns.join(",") : null;
  await patiently(worker, () => worker.pool.query(setColumns, [batchId, columns]));
  return head;
}

/** Renews everything that this worker holds of the batch. */
export async function renewLeases(worker: Worker, batchId: number): Promise<void> {
  for (const text of [renewPieces, renewStream]) {
    await worker.pool.query({
      text,
      values: [batchId, worker.name, LEASE_SECONDS],
      query_timeout: HEARTBEAT_TIMEOUT_MS,
    } as pg.QueryConfig);
  }
}

/** A piece that this worker has claimed. */
export interface ClaimedPiece {
  readonly batchId: number;
  readonly number: number;
  readonly attempt: number;
}

/** What became of a piece that could not be loaded. */
export type Outcome =
  /** Somebody else may have it, or the batch is over. */
  | { readonly kind: "lost" }
  /** It was the last attempt, or the batch failed with it. */
  | { readonly kind: "failed" }
  /** Anyone may try again after a while. */
  | { readonly kind: "waiting"; readonly seconds: number };

/** Puts back a piece that could not be loaded, or fails the batch if no attempt can succeed. */
export async function afterFailure(
  worker: Worker,
  piece: ClaimedPiece,
  object: SourceObject,
  error: unknown,
): Promise<Outcome> {
  worker.signal.throwIfAborted();
  const { batchId, number, attempt } = piece;
  if (error instanceof LeaseLostError) {
    worker.log.warn({ batch: batchId, piece: number }, error.message);
    return { kind: "lost" };
  }
  if (error instanceof SourceError || error instanceof HeaderError) {
    await failForGood(worker, batchId, number, object, error);
    return { kind: "failed" };
  }
  const reason = reasonOf(error);
  const seconds = secondsBefore(attempt + 1, error);
  worker.log.warn(
    { batch: batchId, piece: number, attempt, error: reason, wait_seconds: Math.round(seconds * 10) / 10 },
    attempt < MAX_ATTEMPTS ? "a piece will be loaded again" : "a piece failed for the last time",
  );
  await patiently(worker, () =>
    worker.pool.query(putBack, [batchId, number, worker.name, attempt, seconds, reason, MAX_ATTEMPTS]),
  );
  return attempt < MAX_ATTEMPTS ? { kind: "waiting", seconds } : { kind: "failed" };
}

/** Fails the batch for what is wrong with its source; a bad header is also told as a bad line. */
export async function failForGood(
  worker: Worker,
  batchId: number,
  piece: number,
  object: SourceObject,
  found: SourceError | HeaderError,
): Promise<void> {
  // What looks damaged may be a file that is being written.
  const error = await object.verify().then(
    () => found,
    (changed: unknown) => (changed instanceof SourceError ? changed : found),
  );
  if (error instanceof HeaderError) {
    await patiently(worker, () => worker.pool.query(insertHeaderFault, [batchId, piece, error.column, error.message]));
  }
  const failure = error instanceof HeaderError ? `${object.name}, line 1: ${error.message}.` : error.message;
  await patiently(worker, () => failBatch(worker.pool, batchId, failure));
}

/** Waits unless the worker is told to stop. */
export function pause(worker: Pick<Worker, "signal">, seconds: number): Promise<void> {
  return sleep(seconds * 1_000, undefined, { signal: worker.signal });
}

function secondsBefore(attempt: number, error: unknown): number {
  const first = (error as { code?: unknown }).code === DISK_FULL ? DISK_FULL_WAIT_SECONDS : FIRST_WAIT_SECONDS;
  const longest = Math.min(LONGEST_WAIT_SECONDS, first * 2 ** (attempt - 2));
  return longest * (0.5 + Math.random() / 2);
}

function reasonOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  if ((error as { code?: unknown }).code === DISK_FULL) return `the database's disk is full (${error.message})`;
  return isTransient(error) ? `the connection to the database broke (${error.message || error.name})` : error.message;
}
