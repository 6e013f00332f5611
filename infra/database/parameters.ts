import { bytes, millicores } from "../settings/quantity.js";
import type { Settings } from "../settings/schema.js";

const MIB = 1024 ** 2;
const megabytes = (amount: number): string => `${Math.floor(amount / MIB)}MB`;
const between = (least: number, amount: number, most: number): number => Math.min(Math.max(amount, least), most);

/** The sizes of an instance, from which the parameters are computed. */
export type Size = Pick<Settings["database"], "cpu" | "memory" | "walStorage" | "maxConnections">;

/** Memory of an idle session, with its caches of the catalog. */
const SESSION_BYTES = 4 * MIB;

/** The largest number of connections: idle sessions may take half of the memory. */
export const mostConnections = (memory: string): number => Math.floor(bytes(memory) / 2 / SESSION_BYTES);

/**
 * Memory of Postgres itself, in bytes: a quarter. The rest is for sessions and for the kernel's cache, which holds the
 * other pages.
 */
export const sharedBuffers = (memoryBytes: number): number => memoryBytes / 4;

/** Parameters of Postgres for an instance of a size. Memory, connections and WAL always fit (tested for all sizes). */
export function postgresParameters(size: Size): Record<string, string> {
  const memory = bytes(size.memory);
  const wal = bytes(size.walStorage);
  const cores = Math.max(1, Math.floor(millicores(size.cpu) / 1000));
  return {
    shared_buffers: megabytes(sharedBuffers(memory)),
    effective_cache_size: megabytes((memory * 3) / 4),
    max_connections: String(size.maxConnections),
    // Takes an eighth of the memory if every tenth connection sorts at the same time. A question about rates reads an
    // index range and sorts nothing; an audit sorts in few sessions.
    work_mem: megabytes(between(4 * MIB, (memory / 8 / size.maxConnections) * 10, 256 * MIB)),
    maintenance_work_mem: megabytes(between(64 * MIB, memory / 16, 1024 * MIB)),

    // Network volumes and SSDs read random pages as fast as pages in order.
    random_page_cost: "1.1",
    effective_io_concurrency: "200",
    max_parallel_workers: String(cores),
    max_parallel_workers_per_gather: String(Math.floor(cores / 2)),
    // Short statements over many partitions would take longer to compile than to run.
    jit: "off",

    // No program decodes the WAL. The default of CloudNativePG, `logical`, would write more of it.
    wal_level: "replica",
    // A batch writes gigabytes of WAL. It is sent to two replicas and the archive in compressed form.
    wal_compression: "zstd",
    // With rare checkpoints, a page is written once instead of many times. The size of the WAL volume limits this: a
    // third is for checkpoints, an eighth for replicas that are behind, and at most a quarter for a lost replica. The
    // rest stays free for an archive that does not answer.
    max_wal_size: megabytes(wal / 3),
    min_wal_size: megabytes(between(64 * MIB, wal / 12, 1024 * MIB)),
    wal_keep_size: megabytes(wal / 8),
    max_slot_wal_keep_size: megabytes(wal / 4),
    checkpoint_timeout: "15min",
    checkpoint_completion_target: "0.9",
    // If the whole region is lost, the archive is the only copy. At most this much is then lost.
    archive_timeout: "1min",

    // A replica that cannot reach the new primary yet tries again after one second instead of five. Until one of them
    // has, no commit is acknowledged.
    wal_retrieve_retry_interval: "1s",

    // A replica reports what it still reads, so that a vacuum on the primary does not cancel its queries.
    hot_standby_feedback: "on",
    max_standby_streaming_delay: "10s",
    // If a client vanishes (as when its node loses power), its locks are freed after half a minute instead of two
    // hours.
    tcp_keepalives_idle: "10",
    tcp_keepalives_interval: "5",
    tcp_keepalives_count: "4",
    client_connection_check_interval: "5s",

    autovacuum_max_workers: String(between(3, cores, 6)),
    autovacuum_naptime: "15s",
    autovacuum_vacuum_cost_limit: "2000",

    track_io_timing: "on",
    log_lock_waits: "on",
    log_min_duration_statement: "1s",
    log_temp_files: "10MB",
    log_autovacuum_min_duration: "10s",
    // CloudNativePG loads the extension because this parameter is set. It shows which statements take the time.
    "pg_stat_statements.max": "5000",
    "pg_stat_statements.track": "top",
  };
}
