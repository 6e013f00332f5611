import { LeaseLostError } from "../load/load-error.js";
import { releasePieces, releaseStream, renewPieces, renewStream } from "./leases.sql.js";
import type { Worker } from "./worker.js";

/** After so long without a heartbeat a worker is taken for dead, and other workers take its pieces. */
export const LEASE_SECONDS = 30;
/** Two heartbeats may fail, as in a short failover, before a lease ends and work is done twice. */
const HEARTBEAT_MS = 10_000;

/**
 * Does work on a batch, whose leases are renewed meanwhile. What the worker still holds at the end is given back, also
 * on the way out after SIGTERM: another worker goes on at once instead of when the lease ends.
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
 * What this worker holds of a batch: pieces and, if it streams it, the stream. If they cannot be renewed for as long as
 * a lease holds, another worker may have them: {@link signal} aborts what is under way, which also frees a connection
 * whose server has vanished. Correctness does not hang on it: each piece's transaction checks whose it is before it
 * commits.
 */
export class Leases {
  /** Numbers of the pieces that are being loaded. */
  readonly held = new Set<number>();
  readonly #worker: Worker;
  readonly #batchId: number;
  #lost = new AbortController();
  /** Monotonic; a pod's clock is never compared with the database's. */
  #lastRenewalMs = performance.now();
  #renewing = false;
  #settled = false;

  constructor(worker: Worker, batchId: number) {
    this.#worker = worker;
    this.#batchId = batchId;
  }

  /**
   * Aborts when the worker shall stop, and with a {@link LeaseLostError} once the leases may be lost. Each piece takes
   * the signal when it starts.
   */
  get signal(): AbortSignal {
    return AbortSignal.any([this.#worker.database.signal, this.#lost.signal]);
  }

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

  /** Every piece of the batch is finished, by this worker or another: there is nothing to give back. */
  settle(): void {
    this.#settled = true;
  }

  async release(): Promise<void> {
    if (this.#settled) return;
    const owner = { batchId: this.#batchId, worker: this.#worker.name };
    const database = this.#worker.database.afterStop();
    await database.run(releasePieces, owner).catch(() => {});
    await database.run(releaseStream, owner).catch(() => {});
  }
}
