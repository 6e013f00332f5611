import { type Backoff, waitAfter } from "../database/backoff.js";

const AGAIN: Backoff = { firstMs: 625, longestMs: 375_000, jitter: 0.4 };

export interface WorkQueueOptions {
  /** How many keys are worked on at the same time. */
  readonly workers: number;
  /** Works on a key. If it fails, it is called again later, each time after twice as long, up to about six minutes. */
  work(key: string): Promise<void>;
  onError(key: string, error: unknown, delayMs: number): void;
}

/**
 * Keys to work on. A key that is added twice before its work begins is worked on once. A key that is added during its
 * work is worked on again afterwards, and never twice at the same time.
 */
export class WorkQueue {
  readonly #options: WorkQueueOptions;
  readonly #waiting = new Set<string>();
  readonly #working = new Map<string, Promise<void>>();
  readonly #again = new Set<string>();
  readonly #later = new Map<string, { timer: NodeJS.Timeout; atMs: number }>();
  readonly #failures = new Map<string, number>();
  #stopped = false;

  constructor(options: WorkQueueOptions) {
    this.#options = options;
  }

  /** Keys that wait for a worker. */
  get depth(): number {
    return this.#waiting.size + this.#again.size;
  }

  add(key: string): void {
    if (this.#stopped) return;
    if (this.#working.has(key)) this.#again.add(key);
    else this.#waiting.add(key);
    this.#begin();
  }

  /** Adds a key later. Of several such calls, the soonest counts. */
  addAfter(key: string, delayMs: number): void {
    if (this.#stopped) return;
    const atMs = performance.now() + delayMs;
    const earlier = this.#later.get(key);
    if (earlier && earlier.atMs <= atMs) return;
    clearTimeout(earlier?.timer);
    const timer = setTimeout(() => {
      this.#later.delete(key);
      this.add(key);
    }, delayMs);
    this.#later.set(key, { timer, atMs });
  }

  /** Drops the keys that wait, and returns when the work under way is done. */
  async stop(): Promise<void> {
    this.#stopped = true;
    this.#waiting.clear();
    this.#again.clear();
    for (const { timer } of this.#later.values()) clearTimeout(timer);
    this.#later.clear();
    await Promise.all(this.#working.values());
  }

  #begin(): void {
    for (const key of this.#waiting) {
      if (this.#working.size >= this.#options.workers) return;
      this.#waiting.delete(key);
      this.#working.set(key, this.#work(key));
    }
  }

  async #work(key: string): Promise<void> {
    try {
      await this.#options.work(key);
      this.#failures.delete(key);
    } catch (error) {
      const failures = (this.#failures.get(key) ?? 0) + 1;
      this.#failures.set(key, failures);
      const delayMs = waitAfter(failures, AGAIN);
      this.#options.onError(key, error, delayMs);
      this.addAfter(key, delayMs);
    }
    this.#working.delete(key);
    if (this.#again.delete(key)) this.add(key);
    else this.#begin();
  }
}
