import type pg from "pg";
import type { BatchState } from "../../batches/batch-state.js";
import { failBatch } from "../../batches/fail.js";
import { type Backoff, waitAfter } from "../../database/backoff.js";
import type { Database } from "../../database/database.js";
import type { IngestLog } from "../../database/patiently.js";
import { DISK_FULL_WAIT_MS, patiently } from "../../database/patiently.js";
import { shortStatement } from "../../database/short-statement.js";
import { isTransient, meaningOf } from "../../database/sqlstates.js";
import { sleep } from "../../sleep.js";
import { LeaseLostError } from "../load/load-error.js";
import { HeaderError } from "../parse/columns.js";
import type { PortTable } from "../parse/port-table.js";
import type { Head } from "../pieces/head.js";
import type { SourceObject } from "../sources/source.js";
import { SourceChangedError, SourceError } from "../sources/source-error.js";
import { LEASE_SECONDS } from "./lease.js";
import {
  failExhausted,
  insertHeaderFault,
  putBack,
  readWork,
  renewPieces,
  renewStream,
  setColumns,
} from "./work.sql.js";

/** What all parts of one run share. */
export interface Worker {
  readonly database: Database;
  /** Unique for each run; leases are told apart by it. */
  readonly name: string;
  readonly ports: PortTable;
  readonly log: IngestLog;
  /** Aborted when the worker shall stop: it gives its pieces back and ends. */
  readonly signal: AbortSignal;
}

/** What is left to do for a batch. */
export interface Work {
  readonly state: BatchState;
  readonly planned: boolean;
  readonly failure: string | null;
  readonly failed_for_good: boolean;
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
/** Between attempts at what a source or the database did not give. */
export const ATTEMPTS_BACKOFF: Backoff = { firstMs: 500, longestMs: 30_000, jitter: 0.5 };

/** Runs a short statement once. One that is not answered fails: the other end may be gone without a word. */
export function askOnce<Row extends pg.QueryResultRow>(
  worker: Pick<Worker, "database">,
  text: string,
  values: unknown[] = [],
): Promise<pg.QueryResult<Row>> {
  return worker.database.pool.query<Row>(shortStatement({ text, values }));
}

/** Runs a short statement that may be repeated, until it is answered. */
export function ask<Row extends pg.QueryResultRow>(
  worker: Pick<Worker, "database" | "log" | "signal">,
  text: string,
  values: unknown[] = [],
): Promise<pg.QueryResult<Row>> {
  return patiently(worker, () => askOnce<Row>(worker, text, values));
}

export async function readWorkOf(worker: Worker, batchId: number): Promise<Work> {
  await ask(worker, failExhausted, [batchId, MAX_ATTEMPTS]);
  const { rows } = await ask<Work>(worker, readWork, [batchId]);
  if (!rows[0]) throw new Error(`There is no batch ${batchId} any more.`);
  return rows[0];
}

/** Keeps the header, which a file of rejected lines begins with. */
export async function noteHead(worker: Worker, batchId: number, head: Head): Promise<Head> {
  await ask(worker, setColumns, [batchId, head.format === "csv" ? head.columns.join(",") : null]);
  return head;
}

/** Renews what this worker holds of the batch: these pieces and, if it streams it, the stream. */
export async function renewLeases(worker: Worker, batchId: number, pieces: readonly number[]): Promise<void> {
  await askOnce(worker, renewPieces, [batchId, worker.name, LEASE_SECONDS, pieces]);
  await askOnce(worker, renewStream, [batchId, worker.name, LEASE_SECONDS]);
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
  const seconds = secondsAfter(attempt, error);
  worker.log.warn(
    { batch: batchId, piece: number, attempt, error: reason, wait_seconds: Math.round(seconds * 10) / 10 },
    attempt < MAX_ATTEMPTS ? "a piece will be loaded again" : "a piece failed for the last time",
  );
  await ask(worker, putBack, [batchId, number, worker.name, attempt, seconds, reason, MAX_ATTEMPTS]);
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
    await ask(worker, insertHeaderFault, [batchId, piece, error.column, error.message]);
  }
  const failure = error instanceof HeaderError ? `${object.name}, line 1: ${error.message}.` : error.message;
  // A source that changed is another delivery by now.
  const forGood = !(error instanceof SourceChangedError);
  await failBatch(worker.database, batchId, failure, forGood);
}

/** Waits unless the worker is told to stop. */
export function pause(worker: Pick<Worker, "signal">, seconds: number): Promise<void> {
  return sleep(seconds * 1_000, worker.signal);
}

function secondsAfter(attempt: number, error: unknown): number {
  const firstMs = meaningOf(error) === "full" ? DISK_FULL_WAIT_MS : ATTEMPTS_BACKOFF.firstMs;
  return waitAfter(attempt, { ...ATTEMPTS_BACKOFF, firstMs }) / 1_000;
}

function reasonOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  if (meaningOf(error) === "full") return `the database's disk is full (${error.message})`;
  return isTransient(error) ? `the connection to the database broke (${error.message || error.name})` : error.message;
}
