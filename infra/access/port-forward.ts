import { createServer, type Server, type Socket } from "node:net";

export interface PortForwardOptions {
  /** Port on 127.0.0.1. */
  readonly localPort: number;
  /** Finds the pod to connect to at this moment; undefined if there is none. */
  readonly find: () => Promise<string | undefined>;
  /** Opens a connection to the pod and moves bytes until it ends. Rejects if it cannot be opened. */
  readonly connect: (pod: string, socket: Socket) => Promise<void>;
  /** How long a new connection waits for a pod. A failover takes seconds. */
  readonly patienceMs?: number;
  /** Called with a description of a failed connection. */
  readonly onProblem?: (message: string) => void;
}

/** Thrown when the local port is taken. */
export class PortTakenError extends Error {
  readonly port: number;

  constructor(port: number) {
    super(
      `Port ${port} of this machine, the end of the port-forward to the database, is taken. Is another \`pulumi up\` of this stack at work? Otherwise choose one: pulumi config set --path ratesapp:access.localPort PORT`,
    );
    this.name = "PortTakenError";
    this.port = port;
  }
}

const RETRY_MS = 500;

/**
 * A local port that leads to the pod that is the primary when a client connects. When a pod ends, its connections end
 * too. The next connection finds the new primary, or waits until there is one. `kubectl port-forward` would stay with
 * its first pod.
 */
export class PortForward {
  readonly #server: Server;
  readonly #sockets = new Set<Socket>();
  readonly #options: Required<PortForwardOptions>;

  private constructor(options: PortForwardOptions) {
    this.#options = { patienceMs: 120_000, onProblem: () => {}, ...options };
    this.#server = createServer((socket) => void this.#serve(socket));
  }

  /** Resolves when the port accepts connections. @throws {PortTakenError} */
  static async open(options: PortForwardOptions): Promise<PortForward> {
    const forward = new PortForward(options);
    await new Promise<void>((resolve, reject) => {
      forward.#server.once("error", (error: NodeJS.ErrnoException) =>
        reject(error.code === "EADDRINUSE" ? new PortTakenError(options.localPort) : error),
      );
      forward.#server.listen(options.localPort, "127.0.0.1", resolve);
    });
    return forward;
  }

  get port(): number {
    const address = this.#server.address();
    return typeof address === "object" && address ? address.port : this.#options.localPort;
  }

  /** Lets the process end although the port is open. */
  unref(): this {
    this.#server.unref();
    return this;
  }

  /** Closes the port and all its connections. */
  async close(): Promise<void> {
    const closed = new Promise((resolve) => this.#server.close(resolve));
    for (const socket of this.#sockets) socket.destroy();
    await closed;
  }

  async #serve(socket: Socket): Promise<void> {
    const { connect, find, onProblem, patienceMs } = this.#options;
    this.#sockets.add(socket);
    // The client may end the connection at any time. The client itself notices what it lost.
    socket.on("error", () => {});
    socket.once("close", () => this.#sockets.delete(socket));
    const limit = Date.now() + patienceMs;
    for (;;) {
      let problem = "there is no primary";
      try {
        const pod = await find();
        if (pod !== undefined) {
          await connect(pod, socket);
          return;
        }
      } catch (error) {
        problem = error instanceof Error ? error.message : String(error);
      }
      if (socket.destroyed) return;
      if (Date.now() >= limit) {
        onProblem(`no connection to the database within ${patienceMs / 1000} s: ${problem}`);
        socket.destroy();
        return;
      }
      await new Promise((resolve) => setTimeout(resolve, RETRY_MS));
    }
  }
}
