import type { Database } from "../../database/database.js";
import type { Log } from "../../database/log.js";
import { sleep } from "../../sleep.js";
import type { Feed } from "../feed/feed.js";
import { type FeedReport, writeReports } from "./feed-reports.sql.js";

const EVERY_MS = 2_000;
/** The page of batches says that the operator is away if the reports are several times as old. */
const AGAIN_AFTER_MS = 60_000;

/** Writes the state of each Feed into the database. The API reads it there, because it has no rights on Kubernetes. */
export class FeedReports {
  readonly #database: Database;
  readonly #feeds: () => readonly Feed[];
  readonly #log: Log;
  #changed = true;
  #failed = false;
  #writtenAtMs = Number.NEGATIVE_INFINITY;

  /** @param feeds gives all Feeds. */
  constructor(database: Database, log: Log, feeds: () => readonly Feed[]) {
    this.#database = database;
    this.#feeds = feeds;
    this.#log = log;
  }

  /** To be called when a Feed is new, changed or deleted. */
  changed(): void {
    this.#changed = true;
  }

  /** Writes each change until the signal is aborted. */
  async watch(signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      if (this.#changed || performance.now() - this.#writtenAtMs >= AGAIN_AFTER_MS) await this.write();
      await sleep(EVERY_MS, signal).catch(() => {});
    }
  }

  /** Writes once. If the database is away, or has no such table yet, it logs that and the next round tries again. */
  async write(): Promise<void> {
    this.#changed = false;
    try {
      await this.#database.run(writeReports, { reports: JSON.stringify(this.#feeds().map(reportOf)) });
      this.#writtenAtMs = performance.now();
      this.#failed = false;
    } catch (error) {
      this.#changed = true;
      if (!this.#failed) this.#log.warn({ error: (error as Error).message }, "states of feeds could not be written");
      this.#failed = true;
    }
  }
}

const reportOf = ({ metadata, status }: Feed): FeedReport => ({
  feed: metadata.name,
  state: status?.state ?? "",
  message: status?.message ?? "",
  next_run: status?.nextRun,
});
