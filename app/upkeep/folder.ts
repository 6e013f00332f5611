import type { Database } from "../database/database.js";
import type { Log } from "../database/log.js";
import { sleep } from "../sleep.js";
import { foldNext } from "./fold.js";

/**
 * Folds behind publishes, in the process that published: one fold at a time, and a rest as long as each took, so that
 * it takes half of a processor at most. What fails, or is left when the process ends, is done behind the next publish
 * or by the nightly compaction.
 */
export class Folder {
  readonly #database: Database;
  readonly #log: Log;
  readonly #waiting = new Set<number>();
  #folding: Promise<void> | undefined;

  /** @param database without patience: nobody waits for a fold. */
  constructor(database: Database, log: Log) {
    this.#database = database;
    this.#log = log;
  }

  /** Folds what is due since this batch was published, before long. */
  published(batchId: number): void {
    this.#waiting.add(batchId);
    this.#folding ??= this.#fold().finally(() => {
      this.#folding = undefined;
    });
  }

  /** Resolves when there is nothing left to do; never throws. */
  async end(): Promise<void> {
    await this.#folding;
  }

  async #fold(): Promise<void> {
    const { signal } = this.#database.patience;
    try {
      for (const batchId of this.#waiting) {
        this.#waiting.delete(batchId);
        for (let due = true; due; ) {
          const beganAtMs = performance.now();
          due = await foldNext(this.#database, { around: batchId });
          if (due) await sleep(performance.now() - beganAtMs, signal);
        }
      }
    } catch (error) {
      this.#waiting.clear();
      if (!signal?.aborted) this.#log.warn({ error: (error as Error).message }, "batches wait to be folded");
    }
  }
}
