import { randomUUID } from "node:crypto";
import { hostname } from "node:os";

/**
 * A name for this process in `pieces.worker`: host, process id and a random part. The random part makes the name
 * unique, because pods share process ids and, after a restart, names.
 */
export function workerName(): string {
  return `${hostname()}:${process.pid}:${randomUUID().slice(0, 8)}`;
}
