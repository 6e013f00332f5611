import { bytes } from "../settings/quantity.js";
import { sharedBuffers } from "./parameters.js";

/** Bytes that the slowest disk writes in a second: gp3 without additional throughput. */
const DISK_BYTES_PER_SECOND = 125 * 1024 ** 2;

/** Time for what is the same for each size: to end connections, to send WAL to the replicas, to archive its end. */
const OVERHEAD_SECONDS = 25;

/**
 * Limits for the shutdown of an instance, in the words of CloudNativePG's Cluster. Before Postgres ends, it writes
 * every changed page of its memory to the disk (a checkpoint). If it is killed earlier, the old primary needs a
 * recovery, and sometimes a rewind. By default, a primary has an hour before a replica takes over, and each instance
 * half an hour; for that long, a hung disk would stop all writes.
 */
export function shutdownLimits(memory: string) {
  const flushSeconds = Math.ceil(sharedBuffers(bytes(memory)) / DISK_BYTES_PER_SECOND);
  return {
    switchoverDelay: OVERHEAD_SECONDS + flushSeconds,
    // Connections are ended at once. Those of pools would not end by themselves, and writes would wait for longer.
    smartShutdownTimeout: 0,
    // Also the time that Kubernetes gives the pod. A primary that is stopped waits for the replicas as in a switchover.
    stopDelay: 2 * OVERHEAD_SECONDS + flushSeconds,
  };
}
