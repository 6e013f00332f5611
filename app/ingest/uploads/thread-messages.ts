import type { MessagePort } from "node:worker_threads";
import type { AuditReport } from "../audit/audit.js";
import type { PieceResult } from "../load/load-piece.js";
import type { Format } from "../parse/header-reader.js";
import type { SentError } from "./sent-error.js";

/** What the thread is given when it starts. */
export interface ThreadData {
  readonly databaseUrl: string;
  /** Most connections at once. */
  readonly connections: number;
  /** Where it tells how many there are: all, idle, and those that wait for one. */
  readonly counts: Int32Array;
}

/** What the thread is asked to do. Bytes of a body follow on the port. */
export type Job =
  | {
      readonly kind: "piece";
      readonly batchId: number;
      readonly number: number;
      readonly format: Format;
      readonly maxBytes: number;
    }
  | { readonly kind: "stream"; readonly batchId: number; readonly bytes?: number }
  | { readonly kind: "audit"; readonly batchId: number };

/** What comes of it. */
export interface JobResults {
  readonly piece: PieceResult | "same";
  readonly stream: undefined;
  readonly audit: AuditReport;
}

/** To the thread; the last one with nothing left to do. */
export type ThreadOrder = { readonly job: Job; readonly port: MessagePort } | "stop";

/** To the thread, about one job. */
export type JobInput =
  | { readonly kind: "chunk"; readonly bytes: Uint8Array<ArrayBuffer> }
  | { readonly kind: "end" }
  | { readonly kind: "abort" };

/** From the thread, about one job. */
export type JobOutput =
  | { readonly kind: "more" }
  | { readonly kind: "done"; readonly result: JobResults[keyof JobResults] }
  | { readonly kind: "failed"; readonly error: SentError };

/** From the thread, for the log. */
export interface LogMessage {
  readonly level: "debug" | "info" | "warn";
  readonly fields: object;
  readonly message: string;
}
