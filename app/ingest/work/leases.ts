import { LeaseLostError } from "../load/load-error.js";
import { releasePieces, releaseStream, renewPieces, renewStream } from "./leases.sql.js";
import type { Worker } from "./worker.js";

/** A worker that has sent no heartbeat for this long is taken for dead: other workers take its pieces. */
export const LEASE_SECONDS = 30;
/**
 * Time between two heartbeats. Two of them may fail, as in a short failover, before the lease ends and another worker
 * does the same work again.
 */
const HEARTBEAT_MS = 10_000;

/**
 * Does work on a batch, and renews the leases of the worker on that batch until the work ends. At the end the worker
 * gives back what it still holds, also after SIGTERM: then another worker goes on at once, and need not wait until the
 * lease ends.
 *
 * A piece is not claimed here. A range of a file is claimed by `claimRange` (leases.sql.ts), which load-ranges.ts
 * calls; a piece of a stream by `claimCut` (load-stream.sql.ts), which load-cuts.ts calls; a piece of an upload by
 * `claimUploaded` (uploads/upload.sql.ts).
 */
export async function withLeases<T>(worker: Worker, batchId: number, work: (leases: Leases) => Promise<T>): Promise<T> {
  const leases = new Leases(worker, batchId);
  const timer = setInterval(() => void leases.renew(), HEARTBEAT_MS);
  try {
    return await work(leases);
  } finally {
    clearInterval(timer);
    await leases.release();
  }
}

/**
 * The leases of this worker on a batch: its pieces and, if it reads the batch as a stream, the stream. If the worker
 * cannot renew them for as long as a lease lasts, another worker may have them. Then {@link signal} aborts the work,
 * which also frees a connection whose server has vanished. Data is correct even without this: the transaction of each
 * piece checks before its commit that the piece still belongs to the worker.
 */
export class Leases {
  /** Numbers of the pieces that are being loaded. */
  readonly held = new Set<number>();
  readonly #worker: Worker;
  readonly #batchId: number;
  #lost = new AbortController();
  /** By the monotonic clock of the process; the clock of a pod is never compared with that of the database. */
  #lastRenewalMs = performance.now();
  #renewing = false;
  #settled = false;

  constructor(worker: Worker, batchId: number) {
    this.#worker = worker;
    this.#batchId = batchId;
  }

  /**
   * Aborts when the worker is told to stop, and with a {@link LeaseLostError} when the leases may be lost. Take a new
   * signal for each piece.
   */
  get signal(): AbortSignal {
    return AbortSignal.any([this.#worker.database.signal, this.#lost.signal]);
  }

  /** A heartbeat: renews all leases. Never throws; the next heartbeat tries again. */
  async renew(): Promise<void> {
    if (performance.now() - this.#lastRenewalMs > LEASE_SECONDS * 1_000) {
      this.#lost.abort(new LeaseLostError(this.#batchId));
      this.#lost = new AbortController();
      this.#lastRenewalMs = performance.now();
    }
    if (this.#renewing) return;
    this.#renewing = true;
    const lease = { batchId: this.#batchId, worker: this.#worker.name, leaseSeconds: LEASE_SECONDS };
    const database = this.#worker.database.with({ patienceMs: 0 });
    try {
      await database.run(renewPieces, { ...lease, held: [...this.held] });
      await database.run(renewStream, lease);
      this.#lastRenewalMs = performance.now();
    } catch {
      // The next heartbeat tries again.
    } finally {
      this.#renewing = false;
    }
  }

  /**
   * Call this when every piece of the batch is finished, by this worker or another. Then there is nothing to give back.
   */
  settle(): void {
    this.#settled = true;
  }

  /** Gives back what this worker still holds. Never throws: without it, the leases run out. */
  async release(): Promise<void> {
    if (this.#settled) return;
    const owner = { batchId: this.#batchId, worker: this.#worker.name };
    const database = this.#worker.database.afterStop();
    await database.run(releasePieces, owner).catch(() => {});
    await database.run(releaseStream, owner).catch(() => {});
  }
}
