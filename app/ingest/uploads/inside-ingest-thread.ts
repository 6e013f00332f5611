import { readlinkSync } from "node:fs";
import { constants, getPriority, setPriority } from "node:os";
import { basename } from "node:path";
import { Readable } from "node:stream";
import { type MessagePort, parentPort, workerData } from "node:worker_threads";
import { Database } from "../../database/database.js";
import { PATIENCE_MS } from "../../database/patiently.js";
import { openPool } from "../../database/pool.js";
import { auditBatch } from "../audit/audit.js";
import { requirePorts } from "../load/read-ports.js";
import { toSentError } from "./sent-error.js";
import type { Job, JobInput, JobOutput, JobResults, LogMessage, ThreadData, ThreadOrder } from "./thread-messages.js";
import { uploadPiece } from "./upload-piece.js";
import { uploadStream } from "./upload-stream.js";

// This module runs inside the thread that IngestThread starts.

/** Most chunks of a body that wait here, each as the server has read it (64 KiB at most). */
const CHUNKS_AHEAD = 16;
const COUNT_MS = 1_000;

const { databaseUrl, connections, counts } = workerData as ThreadData;
const server = parentPort as MessagePort;
const tell = (level: LogMessage["level"]) => (fields: object, message: string) =>
  server.postMessage({ level, fields, message } satisfies LogMessage);
const log = { info: tell("info"), warn: tell("warn") };
const pool = openPool({
  url: databaseUrl,
  size: connections,
  applicationName: "ratesapp write",
  statementTimeoutMs: 0,
  onConnectionError: (error) => tell("debug")({ error, source: "ingest" }, "a database connection broke"),
});
const counting = setInterval(() => {
  counts.set([pool.totalCount, pool.idleCount, pool.waitingCount]);
}, COUNT_MS);

yieldToReaders();

server.on("message", (order: ThreadOrder) => {
  if (order === "stop") void stop();
  else void carryOut(order.job, order.port);
});

/**
 * Lowers the priority of this thread, so that the thread that answers readers goes first when processors are short.
 * Linux gives each thread a priority of its own. Elsewhere all threads of a process share one priority, which is left
 * as it is.
 */
function yieldToReaders(): void {
  if (process.platform !== "linux") return;
  // The call is synchronous, so it runs on this thread, and /proc/thread-self means this thread.
  const threadId = Number(basename(readlinkSync("/proc/thread-self")));
  setPriority(threadId, Math.max(getPriority(), constants.priority.PRIORITY_LOW));
}

async function carryOut(job: Job, port: MessagePort): Promise<void> {
  const client = new AbortController();
  const answer = (output: JobOutput) => port.postMessage(output);
  const body = new Readable({
    objectMode: true,
    highWaterMark: CHUNKS_AHEAD,
    read: () => answer({ kind: "more" }),
  });
  // The reader of the body gets its errors. Without this listener, an error before the body is read would end the
  // thread.
  body.on("error", () => {});
  port.on("message", (input: JobInput) => {
    if (input.kind === "chunk") body.push(Buffer.from(input.bytes.buffer));
    else if (input.kind === "end") body.push(null);
    else {
      client.abort();
      body.destroy(client.signal.reason);
    }
  });
  try {
    answer({ kind: "done", result: await resultOf(job, body, client.signal) });
  } catch (error) {
    answer({ kind: "failed", error: toSentError(error) });
  }
}

async function resultOf(
  job: Job,
  body: AsyncIterable<Buffer>,
  signal: AbortSignal,
): Promise<JobResults[keyof JobResults]> {
  const patient = new Database(pool, { patienceMs: PATIENCE_MS, log, signal });
  if (job.kind === "audit") {
    // Each call makes one part at a time, and the database has more than one core.
    const [report] = await Promise.all([1, 2].map(() => auditBatch(patient, job.batchId)));
    return report;
  }
  // A client waits for the answer, and can send the body again.
  const brief = patient.with({ patienceMs: job.patienceMs });
  const ports = await requirePorts(brief);
  if (job.kind === "piece") return uploadPiece(brief, { ...job, body, ports });
  await uploadStream(patient, { ...job, body, ports });
}

async function stop(): Promise<void> {
  clearInterval(counting);
  await pool.end();
  server.close();
}
