import { failBatch } from "../../batches/fail.js";
import { waitAfter } from "../../database/backoff.js";
import { DISK_FULL_WAIT_MS } from "../../database/patiently.js";
import { isTransient, meaningOf } from "../../database/sqlstates.js";
import { LeaseLostError } from "../load/load-error.js";
import { HeaderError } from "../parse/columns.js";
import type { SourceObject } from "../sources/source.js";
import { SourceChangedError, SourceError } from "../sources/source-error.js";
import { putBack } from "./leases.sql.js";
import { insertHeaderFault } from "./load-state.sql.js";
import { ATTEMPTS_BACKOFF, MOST_ATTEMPTS, type Worker } from "./worker.js";

/** A piece that this worker has claimed. */
export interface ClaimedPiece {
  readonly batchId: number;
  readonly number: number;
  readonly attempt: number;
}

/** What happens next to a piece that could not be loaded. */
export type Outcome =
  /** Another worker may have the piece, or the batch has ended. */
  | { readonly kind: "lost" }
  /** This was the last attempt, or the batch failed. */
  | { readonly kind: "failed" }
  /** Any worker may try again after this time. */
  | { readonly kind: "waiting"; readonly waitSeconds: number };

/**
 * Handles an error while a piece was loaded: puts the piece back for another attempt, or fails the batch if no attempt
 * can succeed.
 * @throws the signal's reason if the worker was told to stop.
 */
export async function afterFailure(
  { database, name }: Worker,
  piece: ClaimedPiece,
  object: SourceObject,
  error: unknown,
): Promise<Outcome> {
  const { log, signal } = database;
  signal.throwIfAborted();
  const { batchId, number, attempt } = piece;
  if (error instanceof LeaseLostError) {
    log.warn({ batch: batchId, piece: number }, error.message);
    return { kind: "lost" };
  }
  if (isFinal(error)) {
    await failForGood({ database }, batchId, number, object, error);
    return { kind: "failed" };
  }
  const reason = reasonOf(error);
  const waitSeconds = secondsAfter(attempt, error);
  log.warn(
    { batch: batchId, piece: number, attempt, error: reason, wait_seconds: Math.round(waitSeconds * 10) / 10 },
    attempt < MOST_ATTEMPTS ? "a piece will be loaded again" : "a piece failed for the last time",
  );
  await database.run(putBack, { ...piece, worker: name, waitSeconds, error: reason, mostAttempts: MOST_ATTEMPTS });
  return attempt < MOST_ATTEMPTS ? { kind: "waiting", waitSeconds } : { kind: "failed" };
}

/** True if another attempt at the same source would fail in the same way. */
export function isFinal(error: unknown): error is SourceError | HeaderError {
  return error instanceof SourceError || error instanceof HeaderError;
}

/** Fails the batch because of an error in its source. A bad header is also recorded as a bad line. */
export async function failForGood(
  { database }: Pick<Worker, "database">,
  batchId: number,
  number: number,
  object: SourceObject,
  found: SourceError | HeaderError,
): Promise<void> {
  // A file that looks damaged may be in the middle of being written. Then the reason is that the file changed.
  const error = await object.verify().then(
    () => found,
    (changed: unknown) => (changed instanceof SourceError ? changed : found),
  );
  if (error instanceof HeaderError) {
    await database.run(insertHeaderFault, { batchId, number, column: error.column, reason: error.message });
  }
  const failure = error instanceof HeaderError ? `${object.name}, line 1: ${error.message}.` : error.message;
  // A source that changed is a new delivery, which may succeed.
  const forGood = !(error instanceof SourceChangedError);
  await failBatch(database, batchId, failure, forGood);
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
