import { LeaseLostError } from "../load/load-error.js";

/** A worker that is not heard of for so long is taken for dead, and its pieces are anyone's. */
export const LEASE_SECONDS = 30;
/** Two heartbeats may fail, as in a short failover, before a lease ends and work is done twice. */
const HEARTBEAT_MS = 10_000;

/**
 * Renews the leases of one batch every ten seconds. If that fails for as long as a lease holds, somebody else may have
 * our pieces: {@link signal} aborts what is under way, which also frees a connection whose other end is gone without a
 * word. Correctness does not hang on it: each piece's transaction checks whose it is before it commits.
 */
export class LeaseKeeper {
  readonly #renew: () => Promise<unknown>;
  readonly #batchId: number;
  readonly #timer: NodeJS.Timeout;
  #controller = new AbortController();
  /** Monotonic; a pod's clock is never compared with the database's. */
  #lastRenewalMs = performance.now();
  #renewing = false;

  constructor(batchId: number, renew: () => Promise<unknown>) {
    this.#batchId = batchId;
    this.#renew = renew;
    this.#timer = setInterval(() => void this.#beat(), HEARTBEAT_MS);
  }

  /** Aborts with a {@link LeaseLostError} once the leases may be lost; each piece takes the signal when it starts. */
  get signal(): AbortSignal {
    return this.#controller.signal;
  }

  stop(): void {
    clearInterval(this.#timer);
  }

  async #beat(): Promise<void> {
    if (performance.now() - this.#lastRenewalMs > LEASE_SECONDS * 1_000) {
      this.#controller.abort(new LeaseLostError(this.#batchId));
      this.#controller = new AbortController();
      this.#lastRenewalMs = performance.now();
    }
    if (this.#renewing) return;
    this.#renewing = true;
    try {
      await this.#renew();
      this.#lastRenewalMs = performance.now();
    } catch {
      // The next beat tries again.
    } finally {
      this.#renewing = false;
    }
  }
}
