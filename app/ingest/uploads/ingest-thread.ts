import { extname } from "node:path";
import { MessageChannel, Worker } from "node:worker_threads";
import type { Logger } from "../../telemetry/logger.js";
import type { AuditReport } from "../audit/audit.js";
import type { PieceResult } from "../load/load-piece.js";
import { fromSentError } from "./sent-error.js";
import type { Job, JobInput, JobOutput, JobResults, LogMessage, ThreadData, ThreadOrder } from "./thread-messages.js";
import type { UploadedPiece } from "./upload-piece.js";
import type { UploadStream } from "./upload-stream.js";

/** Settings of the thread. */
export interface IngestThreadOptions {
  /** URL of the primary. */
  readonly databaseUrl: string;
  /** Most connections to the database at the same time. */
  readonly connections: number;
  readonly logger: Logger;
}

/** What a client that waits allows for its body. */
interface Waited {
  /** Aborts when the client is gone. */
  readonly signal: AbortSignal;
  /** Milliseconds during which the database may be away before the body is read. */
  readonly patienceMs: number;
}

/**
 * Limit of the heap of the thread: several times what it needs. Without a limit, a fault in the thread could take all
 * memory, which would end the whole server.
 */
const HEAP_MIB = 128;
const LONGEST_STOP_MS = 5_000;
/** The module that runs in the thread: in the folder of this file, as TypeScript or compiled. */
const INSIDE = new URL(`inside-ingest-thread${extname(import.meta.url)}`, import.meta.url);

/** The thread ended before it had done the job. The log has the reason. The same job may succeed in the next thread. */
export class IngestThreadError extends Error {
  constructor() {
    super("The thread that loads and audits uploads ended before it had done this.");
    this.name = "IngestThreadError";
  }
}

/**
 * Loads and audits uploads in a thread, beside the event loop of a server: readers do not wait while a body is
 * unpacked, cut and parsed. There is one thread for all uploads, because readers may need the other cores. The first
 * job starts the thread; if the thread has ended, the next job starts another.
 */
export class IngestThread {
  readonly #options: IngestThreadOptions;
  readonly #counts = new Int32Array(new SharedArrayBuffer(3 * Int32Array.BYTES_PER_ELEMENT));
  readonly #running = new Set<Promise<unknown>>();
  #worker: Worker | undefined;

  constructor(options: IngestThreadOptions) {
    this.#options = options;
  }

  /** Connections of the thread to the database, counted as in a pool. The three counts are up to a second old. */
  get totalCount(): number {
    return this.#counts[0] as number;
  }

  /** Connections that run nothing. */
  get idleCount(): number {
    return this.#counts[1] as number;
  }

  /** Requests that wait for a connection. */
  get waitingCount(): number {
    return this.#counts[2] as number;
  }

  /**
   * Runs `uploadPiece` in the thread.
   * @throws {PortsMissingError} if the database has no ports.
   * @throws {IngestThreadError} if the thread ended.
   * @throws the errors of `uploadPiece`.
   */
  uploadPiece({ body, signal, ...piece }: Omit<UploadedPiece, "ports"> & Waited): Promise<PieceResult | "same"> {
    return this.#run({ kind: "piece", ...piece }, signal, body);
  }

  /**
   * Runs `uploadStream` in the thread.
   * @throws {PortsMissingError} if the database has no ports.
   * @throws {IngestThreadError} if the thread ended.
   * @throws the errors of `uploadStream`.
   */
  uploadStream({ body, signal, ...stream }: Pick<UploadStream, "batchId" | "body" | "bytes"> & Waited): Promise<void> {
    return this.#run({ kind: "stream", ...stream }, signal, body);
  }

  /**
   * Runs `auditBatch` in the thread, on two connections.
   * @throws {IngestThreadError} if the thread ended.
   * @throws the errors of `auditBatch`.
   */
  audit(batchId: number, signal: AbortSignal): Promise<AuditReport> {
    return this.#run({ kind: "audit", batchId }, signal);
  }

  /**
   * Waits until all jobs have ended, and then ends the thread. The caller should have aborted the signals of the jobs.
   * After five seconds the thread is ended in any case.
   */
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
      // The port of a thread closes before the thread reports its end.
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

  /** Forgets a thread that has ended, so that the next job starts another. */
  #forget(worker: Worker): void {
    if (this.#worker !== worker) return;
    this.#counts.fill(0);
    this.#worker = undefined;
  }
}

/** Gives the thread a job, and sends it the bytes of a body as fast as it takes them. */
function converse(worker: Worker, job: Job, signal: AbortSignal, body: AsyncIterable<Buffer>): Promise<unknown> {
  const { port1: port, port2 } = new MessageChannel();
  const send = (input: JobInput) => port.postMessage(input, input.kind === "chunk" ? [input.bytes.buffer] : []);
  const abort = () => send({ kind: "abort" });
  const chunks = body[Symbol.asyncIterator]();
  const sendNext = async () => {
    const { done, value } = await chunks.next();
    // A copy: its memory moves to the thread, while the memory of the chunk may be shared with others.
    send(done ? { kind: "end" } : { kind: "chunk", bytes: new Uint8Array(value) });
  };
  return new Promise((resolve, reject) => {
    port.on("message", (output: JobOutput) => {
      if (output.kind === "more") sendNext().catch(abort);
      else if (output.kind === "done") resolve(output.result);
      else reject(fromSentError(output.error));
    });
    // The port closes when the thread ends, or when we close it after the answer.
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
