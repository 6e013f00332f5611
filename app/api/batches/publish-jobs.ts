import { setTimeout as sleep } from "node:timers/promises";
import { publishBatch } from "../../batches/publish.js";
import type { Database } from "../../database/database.js";
import { PATIENCE_MS } from "../../database/patiently.js";
import type { IngestThread } from "../../ingest/uploads/ingest-thread.js";
import { findUnpublished } from "../../ingest/uploads/upload.js";
import type { Logger } from "../../telemetry/logger.js";
import { Folding } from "../../upkeep/folding.js";
import { reclaimBatch } from "../../upkeep/reclaim.js";

/**
 * A request waits at most this long for its publish to end. After that, the client is told that the publish goes on.
 */
const ANSWER_AFTER_MS = 2_000;
const FIRST_LOOK_MS = 1_000;
const LOOK_EVERY_MS = 30_000;

/**
 * Audits and publishes batches in the background, after their requests. If a process ends in the middle, the batch
 * stays unfinished. The other processes look for such batches and finish them; the next request to publish, on any
 * process, does so too. The database makes sure that no step is done twice.
 */
export class PublishJobs {
  readonly #database: Database;
  readonly #thread: IngestThread;
  readonly #logger: Logger;
  readonly #retractableDays: number;
  readonly #folding: Folding;
  readonly #running = new Map<number, Promise<void>>();
  readonly #stopping = new AbortController();
  #looking: Promise<void> | undefined;

  constructor(database: Database, thread: IngestThread, logger: Logger, retractableDays: number) {
    this.#database = database;
    this.#thread = thread;
    this.#logger = logger;
    this.#retractableDays = retractableDays;
    this.#folding = new Folding(database.with({ signal: this.#stopping.signal }), logger);
  }

  /** Starts to look every half minute for publishes that another process left unfinished, and finishes them. */
  lookAfterOthers(): void {
    this.#looking ??= this.#look().catch(() => {});
  }

  /** Stops all jobs when their current statement ends. Other processes finish the work. */
  async stop(): Promise<void> {
    this.#stopping.abort();
    await Promise.allSettled([this.#looking, this.#folding.end(), ...this.#running.values()]);
  }

  /**
   * Starts to audit and publish a batch, or joins the job that already does so, and waits at most two seconds for the
   * end.
   * @returns true if the job has ended.
   * @throws the error that ended the job.
   */
  async run(batchId: number): Promise<boolean> {
    return Promise.race([this.#begin(batchId, false).then(() => true), sleep(ANSWER_AFTER_MS, false, { ref: false })]);
  }

  /** Starts, after a request to retract a batch, the folds that have become possible. */
  retracted(batchId: number): void {
    this.#folding.changed(batchId);
  }

  /** Deletes the rows of a batch that failed. If this is interrupted, the next compaction deletes the rest. */
  giveBack(batchId: number): void {
    if (this.#running.has(batchId)) return;
    const job = reclaimBatch(this.#database.with({ signal: this.#stopping.signal }), batchId)
      .then(() => {})
      .catch((error: unknown) => this.#logger.warn({ batch: batchId, error }, "the space of a batch is not free yet"))
      .finally(() => this.#running.delete(batchId));
    this.#running.set(batchId, job);
  }

  #begin(batchId: number, byItself: boolean): Promise<void> {
    let job = this.#running.get(batchId);
    if (job === undefined) {
      job = this.#publish(batchId, byItself).finally(() => this.#running.delete(batchId));
      this.#running.set(batchId, job);
      // A request stops waiting after two seconds. Without this handler, a later error of the job would end the
      // process.
      job.catch((error: unknown) => {
        if (this.#stopping.signal.aborted) return;
        this.#logger.warn({ batch: batchId, error }, "a batch was not published");
      });
    }
    return job;
  }

  /** @param byItself true if no request asked for it; a batch that was retracted meanwhile then stays retracted. */
  async #publish(batchId: number, byItself: boolean): Promise<void> {
    const { signal } = this.#stopping;
    const { state } = await this.#thread.audit(batchId, signal);
    if (state === "failed" || state === "duplicate") return;
    const onlyAudited = byItself || state === "audited";
    const database = this.#database.with({ signal, patienceMs: PATIENCE_MS });
    const { changed } = await publishBatch(database, batchId, { retractableDays: this.#retractableDays, onlyAudited });
    if (changed) this.#folding.changed(batchId);
  }

  /** Runs until the jobs are stopped, and then throws. */
  async #look(): Promise<never> {
    for (let waitMs = FIRST_LOOK_MS; ; waitMs = LOOK_EVERY_MS) {
      // The instant is random, because all pods of a release start together and would otherwise look at the same time.
      await sleep(waitMs * (0.5 + Math.random()), undefined, { ref: false, signal: this.#stopping.signal });
      const left = await findUnpublished(this.#database).catch((error: unknown) => {
        this.#logger.debug({ error }, "the search for unfinished publishes failed and is repeated later");
        return [];
      });
      // The batches are published one after the other, because requests need connections too.
      for (const batchId of left.filter((id) => !this.#running.has(id))) {
        this.#logger.info({ batch: batchId }, "goes on with a publish that broke off");
        await this.#begin(batchId, true).catch(() => {});
      }
    }
  }
}
