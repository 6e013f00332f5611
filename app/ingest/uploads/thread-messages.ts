import type { MessagePort } from "node:worker_threads";
import type { AuditReport } from "../audit/audit.js";
import type { PieceResult } from "../load/load-piece.js";
import type { Format } from "../parse/header-reader.js";
import type { SentError } from "./sent-error.js";

/** Settings that the thread gets when it starts. */
export interface ThreadData {
  readonly databaseUrl: string;
  /** Most connections to the database at the same time. */
  readonly connections: number;
  /** Shared memory to which the thread writes its counts of connections: all, idle, and requests that wait for one. */
  readonly counts: Int32Array;
}

/** Work with a body. */
interface BodyJob {
  /**
   * Milliseconds during which the database may be away before the body is read; afterwards, a lost connection ends the
   * job, because its client has to send the body again.
   */
  readonly patienceMs: number;
}

/** A job for the thread. The bytes of a body follow on the port. */
export type Job =
  | ({
      readonly kind: "piece";
      readonly batchId: number;
      readonly number: number;
      readonly format: Format;
      readonly maxBytes: number;
    } & BodyJob)
  | ({ readonly kind: "stream"; readonly batchId: number; readonly bytes?: number } & BodyJob)
  | { readonly kind: "audit"; readonly batchId: number };

/** The result of each kind of job. */
export interface JobResults {
  readonly piece: PieceResult | "same";
  readonly stream: undefined;
  readonly audit: AuditReport;
}

/** A message to the thread: a job, or "stop". The server sends "stop" once no job is left. */
export type ThreadOrder = { readonly job: Job; readonly port: MessagePort } | "stop";

/** A message to the thread about one job. */
export type JobInput =
  | { readonly kind: "chunk"; readonly bytes: Uint8Array<ArrayBuffer> }
  | { readonly kind: "end" }
  | { readonly kind: "abort" };

/** A message from the thread about one job. `more` asks for the next chunk of the body. */
export type JobOutput =
  | { readonly kind: "more" }
  | { readonly kind: "done"; readonly result: JobResults[keyof JobResults] }
  | { readonly kind: "failed"; readonly error: SentError };

/** A message from the thread for the log of the server. */
export interface LogMessage {
  readonly level: "debug" | "info" | "warn";
  readonly fields: object;
  readonly message: string;
}
