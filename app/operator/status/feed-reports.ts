import type { Database } from "../../database/database.js";
import type { Log } from "../../database/log.js";
import { sleep } from "../../sleep.js";
import type { Feed } from "../feed/feed.js";
import { type FeedReport, writeReports } from "./feed-reports.sql.js";

const EVERY_MS = 2_000;
/** The API takes an operator for one that is away when it has said nothing for several times as long. */
const AGAIN_AFTER_MS = 60_000;

/** Writes the state of each Feed into the database, where the API reads it: it has no rights on Kubernetes. */
export class FeedReports {
  readonly #database: Database;
  readonly #feeds: () => readonly Feed[];
  readonly #log: Log;
  #changed = true;
  #failed = false;
  #writtenAtMs = Number.NEGATIVE_INFINITY;

  /** @param feeds all that there are. */
  constructor(database: Database, log: Log, feeds: () => readonly Feed[]) {
    this.#database = database;
    this.#feeds = feeds;
    this.#log = log;
  }

  /** A Feed is new, another one, or gone. */
  changed(): void {
    this.#changed = true;
  }

  /** Until the signal is aborted. */
  async watch(signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      if (this.#changed || performance.now() - this.#writtenAtMs >= AGAIN_AFTER_MS) await this.write();
      await sleep(EVERY_MS, signal).catch(() => {});
    }
  }

  /** Writes once. A database that is away, or has no such table yet, is a line of the log and no more. */
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
