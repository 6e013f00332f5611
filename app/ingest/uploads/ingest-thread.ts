import { extname } from "node:path";
import { MessageChannel, Worker } from "node:worker_threads";
import type { Logger } from "../../telemetry/logger.js";
import type { AuditReport } from "../audit/audit.js";
import type { PieceResult } from "../load/load-piece.js";
import { fromSentError } from "./sent-error.js";
import type { Job, JobInput, JobOutput, JobResults, LogMessage, ThreadData, ThreadOrder } from "./thread-messages.js";
import type { UploadedPiece } from "./upload-piece.js";
import type { UploadStream } from "./upload-stream.js";

export interface IngestThreadOptions {
  /** The primary. */
  readonly databaseUrl: string;
  /** Most of them at once. */
  readonly connections: number;
  readonly logger: Logger;
}

interface Abortable {
  /** Aborted when the client is gone. */
  readonly signal: AbortSignal;
}

/** Several times what it takes; a server that has no more memory would be ended as a whole. */
const HEAP_MIB = 128;
const LONGEST_STOP_MS = 5_000;
/** In the folder of this file, compiled or not. */
const INSIDE = new URL(`inside-ingest-thread${extname(import.meta.url)}`, import.meta.url);

/** What ended the thread is in the log; the same job may well succeed in the next one. */
export class IngestThreadError extends Error {
  constructor() {
    super("The thread that loads and audits ended before this was done.");
    this.name = "IngestThreadError";
  }
}

/**
 * Loads and audits uploads beside the event loop of a server: whatever a body holds, readers do not wait while it is
 * unpacked, cut and parsed. One thread for all uploads, as readers may need the other cores. It is started by the first
 * job, and again by the first one after it ended.
 */
export class IngestThread {
  readonly #options: IngestThreadOptions;
  readonly #counts = new Int32Array(new SharedArrayBuffer(3 * Int32Array.BYTES_PER_ELEMENT));
  readonly #running = new Set<Promise<unknown>>();
  #worker: Worker | undefined;

  constructor(options: IngestThreadOptions) {
    this.#options = options;
  }

  /** Of its connections to the database, as those of a pool, and as of a second ago. */
  get totalCount(): number {
    return this.#counts[0] as number;
  }

  get idleCount(): number {
    return this.#counts[1] as number;
  }

  get waitingCount(): number {
    return this.#counts[2] as number;
  }

  /**
   * `uploadPiece` in the thread.
   * @throws {PortsMissingError} {IngestThreadError} or what that throws.
   */
  uploadPiece({ body, signal, ...piece }: Omit<UploadedPiece, "ports"> & Abortable): Promise<PieceResult | "same"> {
    return this.#run({ kind: "piece", ...piece }, signal, body);
  }

  /**
   * `uploadStream` in the thread.
   * @throws {PortsMissingError} {IngestThreadError} or what that throws.
   */
  uploadStream({
    body,
    signal,
    ...stream
  }: Pick<UploadStream, "batchId" | "body" | "bytes"> & Abortable): Promise<void> {
    return this.#run({ kind: "stream", ...stream }, signal, body);
  }

  /**
   * `auditBatch` in the thread, on two connections.
   * @throws {IngestThreadError} or what that throws.
   */
  audit(batchId: number, signal: AbortSignal): Promise<AuditReport> {
    return this.#run({ kind: "audit", batchId }, signal);
  }

  /** Waits for the jobs, whose signals should be aborted by now, but not for ever. */
  async stop(): Promise<void> {
    const worker = this.#worker;
    if (worker === undefined) return;
    const exited = new Promise((resolve) => worker.once("exit", resolve));
    const timer = setTimeout(() => void worker.terminate(), LONGEST_STOP_MS);
    await Promise.allSettled(this.#running);
    worker.postMessage("stop" satisfies ThreadOrder);
    await exited;
    clearTimeout(timer);
  }

  async #run<Kind extends Job["kind"]>(
    job: Job & { readonly kind: Kind },
    signal: AbortSignal,
    body: AsyncIterable<Buffer> = empty(),
  ): Promise<JobResults[Kind]> {
    signal.throwIfAborted();
    const worker = this.#started();
    const running = converse(worker, job, signal, body);
    this.#running.add(running);
    try {
      return (await running) as JobResults[Kind];
    } catch (error) {
      // Its port tells before it does itself.
      if (error instanceof IngestThreadError) this.#forget(worker);
      signal.throwIfAborted();
      throw error;
    } finally {
      this.#running.delete(running);
    }
  }

  #started(): Worker {
    if (this.#worker !== undefined) return this.#worker;
    const { databaseUrl, connections, logger } = this.#options;
    const worker = new Worker(INSIDE, {
      workerData: { databaseUrl, connections, counts: this.#counts } satisfies ThreadData,
      resourceLimits: { maxOldGenerationSizeMb: HEAP_MIB },
    });
    worker.on("message", ({ level, fields, message }: LogMessage) => logger[level](fields, message));
    worker.on("error", (error) =>
      logger.error({ error }, "the thread that loads uploads ended; the next upload starts another"),
    );
    worker.once("exit", () => this.#forget(worker));
    this.#worker = worker;
    return worker;
  }

  /** The next job starts another. */
  #forget(worker: Worker): void {
    if (this.#worker !== worker) return;
    this.#counts.fill(0);
    this.#worker = undefined;
  }
}

/** Gives the thread a job and, as fast as it takes them, the bytes of a body. */
function converse(worker: Worker, job: Job, signal: AbortSignal, body: AsyncIterable<Buffer>): Promise<unknown> {
  const { port1: port, port2 } = new MessageChannel();
  const send = (input: JobInput) => port.postMessage(input, input.kind === "chunk" ? [input.bytes.buffer] : []);
  const abort = () => send({ kind: "abort" });
  const chunks = body[Symbol.asyncIterator]();
  const sendNext = async () => {
    const { done, value } = await chunks.next();
    // In memory of its own, which changes hands: that of the chunk belongs to others as well.
    send(done ? { kind: "end" } : { kind: "chunk", bytes: new Uint8Array(value) });
  };
  return new Promise((resolve, reject) => {
    port.on("message", (output: JobOutput) => {
      if (output.kind === "more") sendNext().catch(abort);
      else if (output.kind === "done") resolve(output.result);
      else reject(fromSentError(output.error));
    });
    // By the end of the thread, or by us behind the answer.
    port.once("close", () => reject(new IngestThreadError()));
    signal.addEventListener("abort", abort);
    worker.postMessage({ job, port: port2 } satisfies ThreadOrder, [port2]);
  }).finally(() => {
    signal.removeEventListener("abort", abort);
    port.close();
    chunks.return?.().catch(() => {});
  });
}

async function* empty(): AsyncGenerator<Buffer> {}
