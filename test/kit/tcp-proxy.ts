import { once } from "node:events";
import { type AddressInfo, connect, createServer, type Server, type Socket } from "node:net";

/**
 * Stands between the service and its database, and imitates network faults:
 *
 * - `pass`: bytes go through;
 * - `stall`: open connections stay open and all their bytes are dropped, as when the other side lost power; new
 *   connections are accepted and never answered;
 * - `refuse`: open connections are reset and new ones refused, as when the server is stopped.
 */
export class TcpProxy {
  readonly #server: Server;
  #target: { readonly host: string; readonly port: number };
  readonly #sockets = new Set<Socket>();
  readonly #dead = new WeakSet<Socket>();
  #clients = 0;
  #accepted = 0;
  #port = 0;
  #stalling = false;

  private constructor(target: { host: string; port: number }) {
    this.#target = target;
    this.#server = createServer((client) => this.#join(client));
  }

  /** Listens on a free port in front of a database. */
  static async start(databaseUrl: string): Promise<TcpProxy> {
    const proxy = new TcpProxy(targetOf(databaseUrl));
    await proxy.#listen();
    return proxy;
  }

  /** Number of open connections from the service. */
  get connections(): number {
    return this.#clients;
  }

  /** Number of all connections that the service ever opened. */
  get accepted(): number {
    return this.#accepted;
  }

  /** Address of the same database through the proxy. */
  url(databaseUrl: string): string {
    const url = new URL(databaseUrl);
    url.hostname = "127.0.0.1";
    url.port = String(this.#port);
    return url.href;
  }

  /** Resets the open connections. New connections pass. */
  cut(): void {
    for (const socket of this.#sockets) socket.resetAndDestroy();
  }

  /** Leads new connections to this database. */
  leadTo(databaseUrl: string): void {
    this.#target = targetOf(databaseUrl);
  }

  stall(): void {
    this.#stalling = true;
    for (const socket of this.#sockets) this.#dead.add(socket);
  }

  async refuse(): Promise<void> {
    const closed = once(this.#server, "close");
    this.#server.close();
    this.cut();
    await closed;
  }

  /** Lets new connections pass. Stalled connections stay stalled, as they would in reality. */
  async pass(): Promise<void> {
    this.#stalling = false;
    if (!this.#server.listening) await this.#listen();
  }

  async stop(): Promise<void> {
    if (this.#server.listening) await this.refuse();
  }

  async #listen(): Promise<void> {
    this.#server.listen(this.#port, "127.0.0.1");
    await once(this.#server, "listening");
    this.#port = (this.#server.address() as AddressInfo).port;
  }

  #join(client: Socket): void {
    this.#clients += 1;
    this.#accepted += 1;
    client.on("close", () => {
      this.#clients -= 1;
    });
    this.#add(client);
    if (this.#stalling) {
      client.resume();
      return;
    }
    const server = connect(this.#target);
    this.#add(server);
    const forward = (from: Socket, to: Socket) => {
      from.on("data", (bytes) => {
        if (!this.#dead.has(from)) to.write(bytes);
      });
      from.on("close", () => {
        if (!this.#dead.has(from)) to.destroy();
      });
    };
    forward(client, server);
    forward(server, client);
  }

  #add(socket: Socket): void {
    this.#sockets.add(socket);
    socket.on("error", () => {});
    socket.on("close", () => this.#sockets.delete(socket));
  }
}

function targetOf(databaseUrl: string): { readonly host: string; readonly port: number } {
  const { hostname, port } = new URL(databaseUrl);
  return { host: hostname, port: Number(port) };
}
