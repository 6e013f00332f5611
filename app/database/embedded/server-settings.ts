/** Settings of Postgres by name, as in postgresql.conf. */
export type ServerSettings = Readonly<Record<string, string>>;

/**
 * Settings of the local server. It is durable: fsync stays on. `max_wal_size`: a load of millions of rows should not
 * cause a checkpoint every few seconds. `wal_level` minimal: no server replicates from it, and this saves a third of
 * the writes. `jit` off: it does not pay for plans of a millisecond. `autovacuum_naptime`: reads need pages that are
 * marked all-visible soon after a load.
 */
const DEFAULTS: ServerSettings = {
  listen_addresses: "127.0.0.1",
  unix_socket_directories: "",
  password_encryption: "scram-sha-256",
  timezone: "UTC",
  max_connections: "100",
  shared_buffers: "256MB",
  work_mem: "16MB",
  maintenance_work_mem: "128MB",
  wal_level: "minimal",
  max_wal_senders: "0",
  max_wal_size: "2GB",
  checkpoint_timeout: "15min",
  random_page_cost: "1.1",
  jit: "off",
  autovacuum_naptime: "10s",
  log_min_messages: "warning",
  log_checkpoints: "off",
  log_line_prefix: "%m [%p] %a ",
};

/** The text of postgresql.conf. */
export function postgresqlConf(settings: ServerSettings): string {
  const lines = Object.entries({ ...DEFAULTS, ...settings }).map(
    ([name, value]) => `${name} = '${value.replaceAll("'", "''")}'`,
  );
  return `# Written by ratesapp at each start of this server; changes are lost.\n${lines.join("\n")}\n`;
}
