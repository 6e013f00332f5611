import { type Backoff, waitAfter } from "../database/backoff.js";
import { Session } from "../database/queries.js";
import type { ReadSide } from "../database/read-side.js";
import { observeQuery } from "../telemetry/database-metrics.js";
import { monthOf } from "./calendar.js";
import { type DatasetChange, DatasetState } from "./dataset-state.js";
import { readDatasetVersion } from "./dataset-version.sql.js";

const POLL_MS = 500;
/** An answer from memory may be older than a publish by this much at most, also while polls fail. */
const TRUSTED_MS = 2_000;
const POLL_TIMEOUT_MS = 1_500;
/** A tenth of each wait is random, so that many pods do not all ask at the same moment. */
const POLLS: Backoff = { firstMs: POLL_MS, longestMs: 2_000, jitter: 0.1 };
/** Before the first good poll; no dataset has it. */
const NOTHING: DatasetChange = { version: -1, atMs: 0 };

/**
 * The newest version of the dataset and of each month on the side that reads go to, asked for twice a second: LISTEN
 * does not work on a standby. Never throws; while polls fail, the last state is trusted for two seconds from the start
 * of its poll and then nothing is, so that answers come from the database or not at all.
 */
export class DatasetVersion {
  readonly #reads: ReadSide;
  #known: DatasetState | undefined;
  /** Monotonic, as a clock that is set back would keep alive what no poll has asked for since. */
  #askedAtMs = 0;
  #ageMs = 0;
  #failures = 0;
  #timer: NodeJS.Timeout | undefined;
  #stopped = false;
  #lastError: unknown;

  constructor(reads: ReadSide) {
    this.#reads = reads;
  }

  /** Polls once and then until {@link stop}; resolves after the first poll, good or bad. */
  async start(): Promise<void> {
    await this.#poll();
  }

  stop(): void {
    this.#stopped = true;
    clearTimeout(this.#timer);
  }

  /** Undefined while the last good poll is too long ago. */
  get current(): DatasetState | undefined {
    return performance.now() - this.#askedAtMs <= TRUSTED_MS ? this.#known : undefined;
  }

  /** Time since the dataset last changed; undefined while there is no current version. */
  get ageMs(): number | undefined {
    return this.current && this.#ageMs + performance.now() - this.#askedAtMs;
  }

  /** Why there is no current version. */
  get lastError(): unknown {
    return this.#lastError;
  }

  async #poll(): Promise<void> {
    const askedAtMs = performance.now();
    const { version: knownVersion, atMs: knownAtMs } = this.#known?.newest ?? NOTHING;
    const known = { knownVersion, knownAtMs };
    try {
      const row = await observeQuery("dataset-version", () =>
        this.#reads.poll((client) => new Session(client).row(readDatasetVersion, known), askedAtMs + POLL_TIMEOUT_MS),
      );
      if (row === undefined) throw new Error("the table `dataset` has lost its row");
      if (row.months !== null) {
        this.#known = new DatasetState(
          changeOf(row.version, row.changed_at_ms),
          changeOf(row.all_version, row.all_changed_at_ms),
          readMonths(row.months),
        );
      }
      this.#askedAtMs = askedAtMs;
      this.#ageMs = Number(row.age_ms);
      this.#failures = 0;
      this.#lastError = undefined;
    } catch (error) {
      this.#failures += 1;
      this.#lastError = error;
    }
    if (this.#stopped) return;
    this.#timer = setTimeout(() => void this.#poll(), waitAfter(Math.max(1, this.#failures), POLLS));
    this.#timer.unref();
  }
}

function changeOf(version: string, atMs: string): DatasetChange {
  return { version: Number(version), atMs: Number(atMs) };
}

/** @param text as {@link readDatasetVersion} gives it */
function readMonths(text: string): Map<number, DatasetChange> {
  const months = new Map<number, DatasetChange>();
  for (const line of text === "" ? [] : text.split(",")) {
    const [month, version, atMs] = line.split(" ") as [string, string, string];
    months.set(monthOf(month), changeOf(version, atMs));
  }
  return months;
}
