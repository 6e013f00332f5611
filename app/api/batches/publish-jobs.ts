import { setTimeout as sleep } from "node:timers/promises";
import type pg from "pg";
import { auditBatch } from "../../ingest/audit.js";
import { publishBatch } from "../../ingest/publish.js";
import type { Logger } from "../../telemetry/logger.js";

/** An audit uses a core of the database for each. */
const LANES = 2;
/** A client waits this long for the end; then it is told that the work goes on. */
const ANSWER_AFTER_MS = 2_000;

/**
 * Audits and publishes batches behind their requests. What a process that ends leaves unfinished is taken up by the
 * next request to publish, wherever it arrives; nothing is done twice.
 */
export class PublishJobs {
  readonly #writes: pg.Pool;
  readonly #logger: Logger;
  readonly #retractableDays: number;
  readonly #running = new Map<number, Promise<void>>();

  constructor(writes: pg.Pool, logger: Logger, retractableDays: number) {
    this.#writes = writes;
    this.#logger = logger;
    this.#retractableDays = retractableDays;
  }

  /**
   * Begins, or joins what is under way, and waits a little.
   * @returns true if it has ended.
   * @throws what ended it.
   */
  async run(batchId: number): Promise<boolean> {
    let job = this.#running.get(batchId);
    if (job === undefined) {
      job = this.#publish(batchId).finally(() => this.#running.delete(batchId));
      this.#running.set(batchId, job);
      // For those who do not wait for it.
      job.catch((error: unknown) => this.#logger.warn({ batch: batchId, error }, "a batch was not published"));
    }
    return Promise.race([job.then(() => true), sleep(ANSWER_AFTER_MS, false, { ref: false })]);
  }

  async #publish(batchId: number): Promise<void> {
    const [audit] = await Promise.all(Array.from({ length: LANES }, () => auditBatch(this.#writes, batchId)));
    if (audit?.state === "failed" || audit?.state === "duplicate") return;
    await publishBatch(this.#writes, batchId, { retractableDays: this.#retractableDays });
  }
}
