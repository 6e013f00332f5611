import type { Database } from "../database/database.js";
import type { Log } from "../database/log.js";
import { sleep } from "../sleep.js";
import { foldAround } from "./fold.js";
import { layAsideHidden } from "./hidden.js";

/**
 * Makes folds after publishes and retracts, in the process that published or retracted. It makes one fold at a time and
 * then rests as long as the fold took, so that folds use half of a processor at most. A fold that fails, or that is not
 * made before the process ends, is made after the next publish or by the nightly compaction.
 */
export class Folding {
  readonly #database: Database;
  readonly #log: Log;
  readonly #waiting = new Set<number>();
  readonly #ending = new AbortController();
  #folding: Promise<void> | undefined;

  /** @param database without patience: a fold that fails is made later, and no request waits for a fold. */
  constructor(database: Database, log: Log) {
    this.#database = database;
    this.#log = log;
  }

  /** Starts the folds that became due when this batch was published or retracted. Returns at once. */
  changed(batchId: number): void {
    this.#waiting.add(batchId);
    this.#folding ??= this.#fold().finally(() => {
      this.#folding = undefined;
    });
  }

  /** Makes the remaining folds without rests, because this process publishes nothing more. Never throws. */
  async end(): Promise<void> {
    this.#ending.abort();
    await this.#folding;
  }

  async #fold(): Promise<void> {
    const { signal } = this.#database;
    try {
      for (const batchId of this.#waiting) {
        this.#waiting.delete(batchId);
        await layAsideHidden(this.#database, batchId);
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
