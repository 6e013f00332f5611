import type { Database } from "../database/database.js";
import type { Log } from "../database/log.js";
import { sleep } from "../sleep.js";
import { foldAround } from "./fold.js";

/**
 * Makes folds after publishes and retracts, in the process that did them: one at a time, and after each a rest as long as it took,
 * so that they take half of a processor at most. A fold that fails, or is left when the process ends, is made after the
 * next publish or by the nightly compaction.
 */
export class Folder {
  readonly #database: Database;
  readonly #log: Log;
  readonly #waiting = new Set<number>();
  readonly #ending = new AbortController();
  #folding: Promise<void> | undefined;

  /** @param database without patience: a fold that fails is made later, and no request waits for it. */
  constructor(database: Database, log: Log) {
    this.#database = database;
    this.#log = log;
  }

  /** Folds what is due since this batch was published or retracted, before long. */
  changed(batchId: number): void {
    this.#waiting.add(batchId);
    this.#folding ??= this.#fold().finally(() => {
      this.#folding = undefined;
    });
  }

  /** Makes the folds that are left without a rest, as nothing more is published here; never throws. */
  async end(): Promise<void> {
    this.#ending.abort();
    await this.#folding;
  }

  async #fold(): Promise<void> {
    const { signal } = this.#database;
    try {
      for (const batchId of this.#waiting) {
        this.#waiting.delete(batchId);
        for (let due = true; due; ) {
          const beganAtMs = performance.now();
          due = await foldAround(this.#database, batchId);
          if (due) await this.#rest(performance.now() - beganAtMs);
        }
      }
    } catch (error) {
      this.#waiting.clear();
      if (!signal.aborted) this.#log.warn({ error: (error as Error).message }, "batches wait to be folded");
    }
  }

  async #rest(ms: number): Promise<void> {
    const { signal } = this.#database;
    await sleep(ms, AbortSignal.any([signal, this.#ending.signal])).catch(() => signal.throwIfAborted());
  }
}
