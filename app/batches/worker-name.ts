import { randomUUID } from "node:crypto";
import { hostname } from "node:os";

/** Readable in `pieces.worker`, and unique although pods share process ids and, after a restart, names. */
export function workerName(): string {
  return `${hostname()}:${process.pid}:${randomUUID().slice(0, 8)}`;
}
