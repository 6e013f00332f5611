import progress, { type Options, Presets, SingleBar } from "cli-progress";
import type { BatchProgress } from "../batches/batch-summary.js";
import type { Log } from "../database/log.js";
import { printable } from "../printable.js";

const TERMINAL_INTERVAL_MS = 500;
const LOG_INTERVAL_MS = 5_000;

/**
 * Shows the progress of a batch over all its workers: a bar on a terminal, else a log line every five seconds. If
 * several batches are under way, it shows the one that will end first. For each batch it warns once, as soon as the
 * limit of the processing time will be missed.
 */
export class ProgressDisplay {
  readonly #read: (batchId: number) => Promise<BatchProgress | undefined>;
  readonly #log: Log;
  readonly #terminal = process.stderr.isTTY === true;
  #timer: NodeJS.Timeout | undefined;
  #update: Promise<void> | undefined;
  #bar: SingleBar | undefined;
  /** Names of deliveries by batch id, in the order in which the batches will end. */
  readonly #watched = new Map<number, string>();
  readonly #warned = new Set<number>();

  /** @param read asked again and again; what it throws is reported elsewhere. */
  constructor(read: (batchId: number) => Promise<BatchProgress | undefined>, log: Log) {
    this.#read = read;
    this.#log = log;
  }

  /** A log whose lines do not break the bar. */
  get log(): Log {
    return {
      info: (fields, message) => this.#aboveBar(() => this.#log.info(fields, message)),
      warn: (fields, message) => this.#aboveBar(() => this.#log.warn(fields, message)),
    };
  }

  /**
   * Shows the progress of this batch until {@link end} is called. While other batches will end earlier, those are
   * shown.
   * @param name name of the delivery, for the user.
   */
  watch(batchId: number, name: string): void {
    this.#watched.set(batchId, name);
    const update = () => {
      this.#update ??= this.#showFirst().finally(() => {
        this.#update = undefined;
      });
    };
    this.#timer ??= setInterval(update, this.#terminal ? TERMINAL_INTERVAL_MS : LOG_INTERVAL_MS);
  }

  /** Stops showing this batch. The bar is removed until the next update, so that the caller can print something. */
  async end(batchId: number): Promise<void> {
    this.#watched.delete(batchId);
    this.#warned.delete(batchId);
    if (this.#watched.size === 0) {
      clearInterval(this.#timer);
      this.#timer = undefined;
    }
    await this.#update;
    this.#bar?.stop();
    this.#bar = undefined;
  }

  async endAll(): Promise<void> {
    for (const batchId of [...this.#watched.keys()]) await this.end(batchId);
  }

  async #showFirst(): Promise<void> {
    const [first] = this.#watched;
    if (first) await this.#report(...first);
  }

  async #report(batchId: number, name: string): Promise<void> {
    let batch: BatchProgress | undefined;
    try {
      batch = await this.#read(batchId);
    } catch {
      return; // The database is away; the worker that loads the batch reports it.
    }
    if (batch === undefined) return;
    if (this.#terminal) this.#draw(name, batch);
    else this.#log.info({ batch: batchId, ...forLog(batch) }, describe(name, batch));
    const left = secondsUntil(batch, batch.estimated_end);
    const secondsToDeadline = secondsUntil(batch, batch.deadline_at);
    if (secondsToDeadline !== null && !this.#warned.has(batchId) && (left ?? 0) > secondsToDeadline) {
      this.#warned.add(batchId);
      this.log.warn(
        { batch: batchId, seconds_left: left, seconds_to_deadline: secondsToDeadline },
        secondsToDeadline < 0 ? "the batch has missed its deadline" : "the batch will miss its deadline",
      );
    }
  }

  #draw(name: string, batch: BatchProgress): void {
    const percent = Math.floor((batch.progress ?? 0) * 100);
    const payload = { text: describe(name, batch), known: batch.progress !== null };
    if (this.#bar === undefined) {
      this.#bar = new SingleBar(BAR, Presets.shades_classic);
      this.#bar.start(100, percent, payload);
    }
    this.#bar.update(percent, payload);
  }

  #aboveBar(write: () => void): void {
    this.#bar?.stop();
    this.#bar = undefined;
    write();
  }
}

const BAR: Options = {
  // The size of a pipe is unknown until its end, so a pipe has text and no bar.
  format: (options, params, { text, known }) =>
    known ? `${progress.Format.BarFormat(params.progress, options)} ${params.value} % ${text}` : text,
  stream: process.stderr,
  hideCursor: true,
  clearOnComplete: true,
  stopOnComplete: false,
  linewrap: false,
  barsize: 24,
};

function describe(name: string, batch: BatchProgress): string {
  const { state, rows, rejected, rows_per_second: speed, bytes, bytes_loaded: loaded, progress } = batch;
  const left = secondsUntil(batch, batch.estimated_end);
  const size = bytes !== null ? ` of ${gigabytes(bytes)}` : progress === null ? " of an unknown size" : "";
  const parts = [
    printable(name),
    `${whole(rows)} rows`,
    ...(rejected > 0 ? [`${whole(rejected)} bad lines`] : []),
    ...(state === "loading" ? [`${gigabytes(loaded)}${size}`, `${whole(speed ?? 0)} rows/s`] : [state]),
    ...(batch.audit_parts > 0 ? [`${batch.audit_parts_done} of ${batch.audit_parts} parts`] : []),
    ...(left === null ? [] : [`${duration(left)} left`]),
  ];
  return parts.join(" · ");
}

function forLog(batch: BatchProgress): object {
  const left = secondsUntil(batch, batch.estimated_end);
  return {
    state: batch.state,
    pieces: batch.pieces,
    pieces_loaded: batch.pieces_loaded,
    rows: batch.rows,
    rejected: batch.rejected,
    bytes: batch.bytes,
    bytes_loaded: batch.bytes_loaded,
    progress: batch.progress === null ? null : Math.round(batch.progress * 1000) / 1000,
    rows_per_second: Math.round(batch.rows_per_second ?? 0),
    audit_parts: batch.audit_parts,
    audit_parts_done: batch.audit_parts_done,
    seconds_left: left === null ? null : Math.round(left),
  };
}

/** By the clock of the database. Negative if the instant has passed. */
function secondsUntil({ read_at }: BatchProgress, instant: Date | null): number | null {
  return instant && (+instant - +read_at) / 1000;
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
