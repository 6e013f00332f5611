import { type Options, Presets, SingleBar } from "cli-progress";
import type pg from "pg";
import { type Progress, readProgress } from "../ingest/progress.js";
import type { IngestLog } from "../ingest/worker.js";

const TERMINAL_INTERVAL_MS = 500;
const LOG_INTERVAL_MS = 5_000;

/**
 * Shows how far a batch is, over all its workers, as the database knows it: a bar on a terminal, else a log line every
 * five seconds. Warns once as soon as the limit of the processing time will be missed.
 */
export class ProgressDisplay {
  readonly #pool: pg.Pool;
  readonly #log: IngestLog;
  readonly #terminal = process.stderr.isTTY === true;
  #timer: NodeJS.Timeout | undefined;
  #update: Promise<void> | undefined;
  #bar: SingleBar | undefined;
  #warned = false;

  constructor(pool: pg.Pool, log: IngestLog) {
    this.#pool = pool;
    this.#log = log;
  }

  /** A log that does not write into the bar. */
  get log(): IngestLog {
    return {
      info: (fields, message) => this.#aboveBar(() => this.#log.info(fields, message)),
      warn: (fields, message) => this.#aboveBar(() => this.#log.warn(fields, message)),
    };
  }

  watch(batchId: number, name: string): void {
    this.#warned = false;
    const update = () => {
      this.#update ??= this.#show(batchId, name).finally(() => {
        this.#update = undefined;
      });
    };
    this.#timer = setInterval(update, this.#terminal ? TERMINAL_INTERVAL_MS : LOG_INTERVAL_MS);
  }

  async end(): Promise<void> {
    clearInterval(this.#timer);
    await this.#update;
    this.#bar?.stop();
    this.#bar = undefined;
  }

  async #show(batchId: number, name: string): Promise<void> {
    let progress: Progress | null;
    try {
      progress = await readProgress(this.#pool, batchId);
    } catch {
      return; // The database is away; whoever needs it says so.
    }
    if (progress === null) return;
    if (this.#terminal) this.#draw(name, progress);
    else this.#log.info({ batch: batchId, ...forLog(progress) }, describe(name, progress));
    const { secondsToDeadline, secondsLeft } = progress;
    if (secondsToDeadline !== null && !this.#warned && (secondsLeft ?? 0) > secondsToDeadline) {
      this.#warned = true;
      this.log.warn(
        { batch: batchId, seconds_left: secondsLeft, seconds_to_deadline: secondsToDeadline },
        secondsToDeadline < 0 ? "the batch has missed its deadline" : "the batch will miss its deadline",
      );
    }
  }

  #draw(name: string, progress: Progress): void {
    const total = progress.bytes ?? progress.bytesDone;
    if (this.#bar === undefined) {
      this.#bar = new SingleBar(BAR, Presets.shades_classic);
      this.#bar.start(total, progress.bytesDone, { text: describe(name, progress) });
    }
    this.#bar.setTotal(total);
    this.#bar.update(progress.bytesDone, { text: describe(name, progress) });
  }

  #aboveBar(write: () => void): void {
    this.#bar?.stop();
    this.#bar = undefined;
    write();
  }
}

const BAR: Options = {
  format: "{bar} {percentage} % {text}",
  stream: process.stderr,
  hideCursor: true,
  clearOnComplete: true,
  stopOnComplete: false,
  linewrap: false,
  barsize: 24,
};

function describe(name: string, progress: Progress): string {
  const { state, rows, rejected, rowsPerSecond, secondsLeft, bytes, bytesDone } = progress;
  const parts = [
    name,
    `${whole(rows)} rows`,
    ...(rejected > 0 ? [`${whole(rejected)} bad lines`] : []),
    ...(state === "loading"
      ? [
          `${gigabytes(bytesDone)}${bytes === null ? "" : ` of ${gigabytes(bytes)}`}`,
          `${whole(rowsPerSecond)} rows/s`,
          ...(secondsLeft === null ? [] : [`${duration(secondsLeft)} left`]),
        ]
      : [state]),
  ];
  return parts.join(" · ");
}

function forLog(progress: Progress): object {
  return {
    state: progress.state,
    pieces: progress.pieces,
    pieces_loaded: progress.piecesLoaded,
    rows: progress.rows,
    rejected: progress.rejected,
    bytes: progress.bytes,
    bytes_done: progress.bytesDone,
    rows_per_second: Math.round(progress.rowsPerSecond),
    seconds_left: progress.secondsLeft === null ? null : Math.round(progress.secondsLeft),
  };
}

function whole(number: number): string {
  return Math.round(number).toLocaleString("en-US");
}

function gigabytes(bytes: number): string {
  return bytes < 1e9 ? `${(bytes / 1e6).toFixed(0)} MB` : `${(bytes / 1e9).toFixed(1)} GB`;
}

function duration(seconds: number): string {
  if (seconds < 90) return `${Math.ceil(seconds)} s`;
  return seconds < 5_400 ? `${Math.ceil(seconds / 60)} min` : `${(seconds / 3_600).toFixed(1)} h`;
}
