import { sleep } from "../../sleep.js";
import { loadPiece } from "../load/load-piece.js";
import { type DeliveryFormat, MOST_HEADER_BYTES, readDeliveryFormat } from "../pieces/delivery-format.js";
import { linesOfRange } from "../pieces/lines-of-range.js";
import type { SourceObject } from "../sources/source.js";
import { afterFailure, failForGood, isFinal } from "./after-failure.js";
import { LEASE_SECONDS, type Leases, withLeases } from "./leases.js";
import { type ClaimedRange, claimRange } from "./leases.sql.js";
import { findLoadState, keepHeader, type LoadState } from "./load-state.js";
import { MOST_ATTEMPTS, type Worker } from "./worker.js";

/** How often a worker without a piece looks for one. A piece that another worker could not load becomes free again. */
const POLL_MS = 250;

/** A batch whose pieces are ranges of one object. */
interface RangedBatch {
  readonly id: number;
  readonly object: SourceObject;
  readonly delivered: DeliveryFormat;
}

/**
 * Loads pieces of a planned batch until none is left, together with any number of other workers. Returns when every
 * piece is loaded or has failed, in this worker or another, or when the batch has ended.
 * @returns the progress of the batch.
 */
export async function loadRanges(
  worker: Worker,
  batchId: number,
  object: SourceObject,
  piecesAtOnce: number,
): Promise<LoadState> {
  const delivered = await readFormatOrFail(worker, batchId, object);
  if (delivered === null) return findLoadState(worker, batchId);
  const batch = { id: batchId, object, delivered };
  return withLeases(worker, batchId, async (leases) => {
    const claims = new RangeClaims(worker, batchId, leases);
    const first = await claims.next();
    // A batch of one piece has no other piece to ask for.
    const isOnly = first?.from_byte === 0 && isLast(first, object);
    const loading = [loadUntilNone(worker, batch, claims, leases, first)];
    while (!isOnly && loading.length < piecesAtOnce) loading.push(loadUntilNone(worker, batch, claims, leases));
    const ends = await Promise.allSettled(loading);
    const failed = ends.find((end) => end.status === "rejected");
    if (failed) throw failed.reason;
    leases.settle();
    return (ends.at(-1) as PromiseFulfilledResult<LoadState>).value;
  });
}

/**
 * Claims pieces, one claim after the other. So the set of held pieces is complete at each claim. A piece of this worker
 * that is not in the set was claimed, but the answer was lost with the connection: it is claimed again.
 */
class RangeClaims {
  readonly #worker: Worker;
  readonly #batchId: number;
  readonly #leases: Leases;
  #last: Promise<unknown> = Promise.resolve();
  #finished = new AbortController();

  constructor(worker: Worker, batchId: number, leases: Leases) {
    this.#worker = worker;
    this.#batchId = batchId;
    this.#leases = leases;
  }

  /** Claims the next piece. Undefined if no piece is free at the moment. */
  next(): Promise<ClaimedRange | undefined> {
    const next = this.#last.then(() => this.#claim());
    this.#last = next.catch(() => {});
    return next;
  }

  /** Call this when a piece of this worker is loaded or could not be loaded. */
  finish(number: number): void {
    this.#leases.held.delete(number);
    this.#finished.abort();
    this.#finished = new AbortController();
  }

  /** Waits until a piece may be free again, or until a piece of this worker has ended. */
  async wait(): Promise<void> {
    const { signal } = this.#worker.database;
    await sleep(POLL_MS, AbortSignal.any([signal, this.#finished.signal])).catch(() => signal.throwIfAborted());
  }

  async #claim(): Promise<ClaimedRange | undefined> {
    const { database, name } = this.#worker;
    const { held } = this.#leases;
    const claimed = await database.row(claimRange, {
      batchId: this.#batchId,
      worker: name,
      leaseSeconds: LEASE_SECONDS,
      mostAttempts: MOST_ATTEMPTS,
      held: [...held],
    });
    if (claimed) held.add(claimed.number);
    return claimed;
  }
}

/**
 * Loads one piece after the other until none is left.
 * @param first a piece that is claimed already.
 */
async function loadUntilNone(
  worker: Worker,
  batch: RangedBatch,
  claims: RangeClaims,
  leases: Leases,
  first?: ClaimedRange,
): Promise<LoadState> {
  for (let next = first; ; next = undefined) {
    const claimed = next ?? (await claims.next());
    if (claimed) {
      await loadRange(worker, batch, claimed, leases.signal);
      claims.finish(claimed.number);
      if (!isLast(claimed, batch.object)) continue;
    }
    const state = await findLoadState(worker, batch.id);
    if (state.state !== "loading" || state.unfinished === 0) return state;
    if (!claimed) await claims.wait();
  }
}

function isLast(piece: ClaimedRange, object: SourceObject): boolean {
  return piece.to_byte >= (object.bytes as number);
}

async function loadRange(
  worker: Worker,
  { id, object, delivered }: RangedBatch,
  claimed: ClaimedRange,
  signal: AbortSignal,
): Promise<void> {
  const piece = { batchId: id, number: claimed.number, attempt: claimed.attempts };
  try {
    await object.verify();
    await loadPiece(worker.database.with({ signal }), {
      ...piece,
      worker: worker.name,
      chunks: linesOfRange(object, claimed.from_byte, claimed.to_byte, signal),
      format: delivered.format,
      columns: claimed.from_byte === 0 ? null : delivered.columns,
      ports: worker.ports,
      maxBadRows: claimed.max_bad_rows,
      checkOnly: claimed.batch_will_fail,
    });
  } catch (error) {
    await afterFailure(worker, piece, object, error);
  }
}

/**
 * Reads the format of the object. Returns null after it has failed the batch, because the beginning of the object
 * cannot be read as prices.
 */
async function readFormatOrFail(worker: Worker, batchId: number, object: SourceObject): Promise<DeliveryFormat | null> {
  const { signal } = worker.database;
  for (let attempts = 1; ; attempts += 1) {
    try {
      const beginning = Math.min(object.bytes ?? MOST_HEADER_BYTES, MOST_HEADER_BYTES);
      const delivered = await readDeliveryFormat(object.read(0, beginning, signal));
      await keepHeader(worker, batchId, delivered);
      return delivered;
    } catch (error) {
      signal.throwIfAborted();
      if (isFinal(error)) {
        await failForGood(worker, batchId, 0, object, error);
        return null;
      }
      if (attempts === MOST_ATTEMPTS) throw error;
      await sleep(attempts * 1_000, signal);
    }
  }
}
