import { type Backoff, waitAfter } from "../database/backoff.js";

const AGAIN: Backoff = { firstMs: 625, longestMs: 375_000, jitter: 0.4 };

export interface WorkQueueOptions {
  /** How many keys are worked on at a time. */
  readonly workers: number;
  /** Works on a key; a key whose work fails comes again, each time after twice as long, up to five minutes. */
  work(key: string): Promise<void>;
  onError(key: string, error: unknown, delayMs: number): void;
}

/**
 * Keys to work on. One that is added again while it waits is worked on once; one that is added while it is worked on is
 * worked on again afterwards, never twice at a time.
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

  /** Adds a key after a while; the soonest of several such requests counts. */
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

  /** Forgets what waits, and returns when what is under way is done. */
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
