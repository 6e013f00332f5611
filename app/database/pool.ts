import { Socket } from "node:net";
import { setTimeout as sleep } from "node:timers/promises";
import { TLSSocket } from "node:tls";
import pg from "pg";
import { certificateExpiry } from "../telemetry/database-metrics.js";
import { Client } from "./client.js";
import { withSessionSettings } from "./session-settings.js";

/** What a pool connects to, and the limits of its sessions. */
export interface PoolOptions {
  readonly url: string;
  /** Most connections at once. */
  readonly size: number;
  /** Shown in pg_stat_activity. */
  readonly applicationName: string;
  /**
   * Limit of the server for one statement, in milliseconds. With 0 there is no limit, whatever the database is
   * configured to (session-settings.ts).
   */
  readonly statementTimeoutMs: number;
  /** Called for each connection that broke, whether idle or in use. The pool replaces it by itself. */
  readonly onConnectionError?: (error: Error) => void;
}

const CONNECT_TIMEOUT_MS = 1_500;
const MAX_LIFETIME_SECONDS = 600;

/**
 * Opens a pool that stays usable while its database is away. It connects at the first query.
 *
 * Every client gets an error listener. Without one, a connection that breaks between two statements of a transaction
 * raises an unhandled "error" event, which ends the process. Connections are replaced after ten minutes, so that a
 * replica that was added or came back gets its share.
 */
export function openPool(options: PoolOptions): pg.Pool {
  const report = options.onConnectionError ?? (() => {});
  const sockets = new Set<Socket>();
  const pool = new PoolOfSockets(sockets, {
    Client,
    connectionString: withSessionSettings(options.url, { withoutLimit: options.statementTimeoutMs === 0 }),
    max: options.size,
    application_name: options.applicationName,
    connectionTimeoutMillis: CONNECT_TIMEOUT_MS,
    idleTimeoutMillis: 60_000,
    maxLifetimeSeconds: MAX_LIFETIME_SECONDS,
    stream: () => {
      const socket = new Socket();
      sockets.add(socket);
      return socket.once("close", () => sockets.delete(socket));
    },
    keepAlive: true,
    keepAliveInitialDelayMillis: 10_000,
    // The server ends the statement. The client gives up a little later, in case the server no longer answers at all.
    ...(options.statementTimeoutMs > 0
      ? { statement_timeout: options.statementTimeoutMs, query_timeout: options.statementTimeoutMs + 500 }
      : {}),
  });
  pool.on("error", report);
  const { hostname } = new URL(options.url);
  pool.on("connect", (client) => {
    client.on("error", report);
    noteCertificate(hostname, client);
  });
  return pool;
}

/** A server whose certificate has ended gets no connection more, and no other program sees what clients are shown. */
function noteCertificate(host: string, client: pg.PoolClient): void {
  const { stream } = (client as unknown as { readonly connection: { readonly stream: Socket } }).connection;
  const certificate = stream instanceof TLSSocket ? stream.getPeerX509Certificate() : undefined;
  if (certificate) certificateExpiry.set({ host }, Date.parse(certificate.validTo) / 1000);
}

const GOODBYE_MS = 500;

/**
 * A pool that closes fast. A database that no longer answers does not confirm the end of a connection, and the process
 * would wait for minutes. So half a second after the end of the pool, connections that are still open are cut.
 */
class PoolOfSockets extends pg.Pool {
  readonly #sockets: ReadonlySet<Socket>;

  constructor(sockets: ReadonlySet<Socket>, config: pg.PoolConfig) {
    super(config);
    this.#sockets = sockets;
  }

  override end(): Promise<void>;
  override end(callback: () => void): void;
  override async end(callback?: () => void): Promise<void> {
    await super.end();
    const deadlineMs = performance.now() + GOODBYE_MS;
    while (this.#sockets.size > 0 && performance.now() < deadlineMs) await sleep(10);
    for (const socket of this.#sockets) socket.destroy();
    callback?.();
  }
}
