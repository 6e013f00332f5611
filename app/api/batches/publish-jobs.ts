import { setTimeout as sleep } from "node:timers/promises";
import { publishBatch } from "../../batches/publish.js";
import type { Database } from "../../database/database.js";
import { PATIENCE_MS } from "../../database/patiently.js";
import type { IngestThread } from "../../ingest/uploads/ingest-thread.js";
import { findUnpublished } from "../../ingest/uploads/upload.js";
import type { Logger } from "../../telemetry/logger.js";
import { reclaimBatch } from "../../upkeep/reclaim.js";

/** A client waits this long for the end; then it is told that the work goes on. */
const ANSWER_AFTER_MS = 2_000;
const FIRST_LOOK_MS = 1_000;
const LOOK_EVERY_MS = 30_000;

/**
 * Audits and publishes batches behind their requests. What a process that ends leaves unfinished is taken up by all that
 * look after it, and by the next request to publish, wherever it arrives; nothing is done twice.
 */
export class PublishJobs {
  readonly #writes: Database;
  readonly #thread: IngestThread;
  readonly #logger: Logger;
  readonly #retractableDays: number;
  readonly #running = new Map<number, Promise<void>>();
  readonly #stopping = new AbortController();
  #looking: Promise<void> | undefined;

  constructor(writes: Database, thread: IngestThread, logger: Logger, retractableDays: number) {
    this.#writes = writes;
    this.#thread = thread;
    this.#logger = logger;
    this.#retractableDays = retractableDays;
  }

  /** From now on looks for what others left, now and then. */
  lookAfterOthers(): void {
    this.#looking ??= this.#look().catch(() => {});
  }

  /** What is under way breaks off behind the statement that runs, and is left for others. */
  async stop(): Promise<void> {
    this.#stopping.abort();
    await Promise.allSettled([this.#looking, ...this.#running.values()]);
  }

  /**
   * Begins, or joins what is under way, and waits a little.
   * @returns true if it has ended.
   * @throws what ended it.
   */
  async run(batchId: number): Promise<boolean> {
    return Promise.race([this.#begin(batchId, false).then(() => true), sleep(ANSWER_AFTER_MS, false, { ref: false })]);
  }

  /** Deletes the rows of a batch that failed; what is left of them waits for the next compaction. */
  giveBack(batchId: number): void {
    if (this.#running.has(batchId)) return;
    const job = reclaimBatch(this.#writes.with({ signal: this.#stopping.signal }), batchId)
      .then(() => {})
      .catch((error: unknown) => this.#logger.warn({ batch: batchId, error }, "the space of a batch is not free yet"))
      .finally(() => this.#running.delete(batchId));
    this.#running.set(batchId, job);
  }

  #begin(batchId: number, unasked: boolean): Promise<void> {
    let job = this.#running.get(batchId);
    if (job === undefined) {
      job = this.#publish(batchId, unasked).finally(() => this.#running.delete(batchId));
      this.#running.set(batchId, job);
      // For those who do not wait for it.
      job.catch((error: unknown) => {
        if (this.#stopping.signal.aborted) return;
        this.#logger.warn({ batch: batchId, error }, "a batch was not published");
      });
    }
    return job;
  }

  /** @param unasked nobody wants it at this moment, so that what was retracted stays so. */
  async #publish(batchId: number, unasked: boolean): Promise<void> {
    const { signal } = this.#stopping;
    const { state } = await this.#thread.audit(batchId, signal);
    if (state === "failed" || state === "duplicate") return;
    const onlyAudited = unasked || state === "audited";
    await publishBatch(this.#writes.with({ signal, patienceMs: PATIENCE_MS }), batchId, {
      retractableDays: this.#retractableDays,
      onlyAudited,
    });
  }

  /** Ends by throwing, when it is stopped. */
  async #look(): Promise<never> {
    for (let waitMs = FIRST_LOOK_MS; ; waitMs = LOOK_EVERY_MS) {
      // Or all pods of a release would look at the same time.
      await sleep(waitMs * (0.5 + Math.random()), undefined, { ref: false, signal: this.#stopping.signal });
      const left = await findUnpublished(this.#writes).catch((error: unknown) => {
        this.#logger.debug({ error }, "the database did not say which publishes broke off");
        return [];
      });
      // One after the other: clients need connections too.
      for (const batchId of left.filter((id) => !this.#running.has(id))) {
        this.#logger.info({ batch: batchId }, "takes up a publish that broke off");
        await this.#begin(batchId, true).catch(() => {});
      }
    }
  }
}
