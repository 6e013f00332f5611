import { bytes, millicores } from "../settings/quantity.js";
import type { Settings } from "../settings/schema.js";

const MIB = 1024 ** 2;
const megabytes = (amount: number): string => `${Math.floor(amount / MIB)}MB`;
const between = (least: number, amount: number, most: number): number => Math.min(Math.max(amount, least), most);

/** Sizes that the parameters are computed from. */
export type Size = Pick<Settings["database"], "cpu" | "memory" | "walStorage" | "maxConnections">;

/** Of a session at rest, with its caches of the catalog. */
const SESSION_BYTES = 4 * MIB;

/** Sessions take half of the memory at most, though they do nothing. */
export const mostConnections = (memory: string): number => Math.floor(bytes(memory) / 2 / SESSION_BYTES);

/**
 * Postgres' parameters for an instance of a size. Memory, connections and WAL always fit into it (tested for all
 * sizes).
 */
export function postgresParameters(size: Size): Record<string, string> {
  const memory = bytes(size.memory);
  const wal = bytes(size.walStorage);
  const cores = Math.max(1, Math.floor(millicores(size.cpu) / 1000));
  return {
    // A quarter for Postgres, and the rest for sessions and the kernel's cache, which holds what the quarter does not.
    shared_buffers: megabytes(memory / 4),
    effective_cache_size: megabytes((memory * 3) / 4),
    max_connections: String(size.maxConnections),
    // An eighth of the memory if every tenth connection sorts at once: a rate is an index range and sorts nothing, an
    // audit sorts in few sessions.
    work_mem: megabytes(between(4 * MIB, (memory / 8 / size.maxConnections) * 10, 256 * MIB)),
    maintenance_work_mem: megabytes(between(64 * MIB, memory / 16, 1024 * MIB)),

    // Network volumes and SSDs read at random as fast as in order.
    random_page_cost: "1.1",
    effective_io_concurrency: "200",
    max_parallel_workers: String(cores),
    max_parallel_workers_per_gather: String(Math.floor(cores / 2)),
    // Short statements over many partitions spend longer compiling than running.
    jit: "off",

    // Nothing decodes it, and `logical`, CloudNativePG's default, writes more of it.
    wal_level: "replica",
    // A batch writes gigabytes; what is compressed crosses the network to two replicas and the archive.
    wal_compression: "zstd",
    // Rare checkpoints write each page once rather than again and again, as far as the WAL volume goes: a third for
    // checkpoints, an eighth for replicas that fell behind, a quarter at most for one that is gone; the rest stays free
    // for an archive that does not answer.
    max_wal_size: megabytes(wal / 3),
    min_wal_size: megabytes(between(64 * MIB, wal / 12, 1024 * MIB)),
    wal_keep_size: megabytes(wal / 8),
    max_slot_wal_keep_size: megabytes(wal / 4),
    checkpoint_timeout: "15min",
    checkpoint_completion_target: "0.9",
    // The most that can be lost with the whole region, with the archive as the only copy.
    archive_timeout: "1min",

    // A replica tells what it still reads, so that its reads are not cancelled when the primary vacuums.
    hot_standby_feedback: "on",
    max_standby_streaming_delay: "10s",
    // A client that vanished (a node without power) frees its locks in half a minute rather than in two hours.
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
    // Named, it is loaded by CloudNativePG: which statements take the time.
    "pg_stat_statements.max": "5000",
    "pg_stat_statements.track": "top",
  };
}
