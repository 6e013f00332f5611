import { type Backoff, waitAfter } from "../database/backoff.js";
import { Session } from "../database/queries.js";
import type { ReadSide } from "../database/read-side.js";
import { observeQuery } from "../telemetry/database-metrics.js";
import { monthOf } from "./calendar.js";
import { type DatasetChange, DatasetState } from "./dataset-state.js";
import { readDatasetVersion } from "./dataset-version.sql.js";

const POLL_MS = 500;
/** How old an answer from memory may be after a publish, at most. It also holds while polls fail. */
const TRUSTED_MS = 2_000;
const POLL_TIMEOUT_MS = 1_500;
/** A tenth of each wait is random, so that the polls of many pods do not come at the same moment. */
const POLLS: Backoff = { firstMs: POLL_MS, longestMs: 2_000, jitter: 0.1 };
/** The state before the first successful poll. No dataset has this version. */
const NOTHING: DatasetChange = { version: -1, atMs: 0 };

/**
 * The newest version of the dataset and of each month, as the database that answers reads has them. It polls twice a
 * second, because LISTEN does not work on a standby. It never throws. While polls fail, the last state is trusted until
 * two seconds after its poll began. After that there is no state, and every answer has to come from the database.
 */
export class DatasetVersion {
  readonly #reads: ReadSide;
  #known: DatasetState | undefined;
  /** From a monotonic clock. If the system clock were set back, an old state would be trusted too long. */
  #askedAtMs = 0;
  #ageMs = 0;
  #failures = 0;
  #timer: NodeJS.Timeout | undefined;
  #stopped = false;
  #lastError: unknown;

  constructor(reads: ReadSide) {
    this.#reads = reads;
  }

  /** Polls once, and then again and again until {@link stop}. Resolves after the first poll, also if that failed. */
  async start(): Promise<void> {
    await this.#poll();
  }

  stop(): void {
    this.#stopped = true;
    clearTimeout(this.#timer);
  }

  /** Undefined if the last successful poll is too long ago. */
  get current(): DatasetState | undefined {
    return performance.now() - this.#askedAtMs <= TRUSTED_MS ? this.#known : undefined;
  }

  /** Milliseconds since the dataset last changed; undefined if there is no current version. */
  get ageMs(): number | undefined {
    return this.current && this.#ageMs + performance.now() - this.#askedAtMs;
  }

  /** The error of the last poll that failed: why there may be no current version. */
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
