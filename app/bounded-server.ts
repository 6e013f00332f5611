import { type IncomingMessage, Server, type ServerOptions, type ServerResponse } from "node:http";
import type { Socket } from "node:net";

/** Answers a request. */
export type RequestHandler = (request: IncomingMessage, response: ServerResponse) => void;

/** Limits of connections, so that clients cannot use up a server's memory. */
export interface ConnectionLimits {
  /** Connections at once; further ones are closed. */
  readonly mostConnections: number;
  /** A connection is closed if nothing moves on it for this long while the server waits for its client. */
  readonly silenceTimeoutMs: number;
  /** A connection is closed if its client has not read a complete answer within this time. */
  readonly takeTimeoutMs: number;
}

const LOOK_EVERY_MS = 1_000;

/**
 * A server on which each connection takes little memory, whatever its client does. It reads a request from a connection
 * only when the answer to the one before has been sent.
 *
 * Node.js alone turns all bytes that it reads at once into requests (up to 2,600 from 64 KiB), and all are answered at
 * the same time. It stops reading only if bytes of earlier answers are still unsent when the next request arrives.
 * Answers that are made a little later wait in memory, perhaps for a client that never reads them.
 */
export class BoundedServer extends Server {
  readonly #connections = new Map<Socket, Connection>();

  constructor(options: ServerOptions, limits: ConnectionLimits, handle: RequestHandler) {
    super(options);
    const onRequest: RequestHandler = (request, response) => {
      this.#connections.get(request.socket)?.begin(request, response);
      handle(request, response);
    };
    this.on("request", onRequest);
    // The server may ignore an expectation that it does not know (RFC 9110, 10.1.1). Without this listener, Node.js
    // would answer 417 without a body.
    this.on("checkExpectation", onRequest);
    this.maxConnections = limits.mostConnections;
    this.timeout = limits.silenceTimeoutMs;
    this.on("timeout", (socket: Socket) => {
      if (this.#connections.get(socket)?.waitsForAnswer) socket.setTimeout(limits.silenceTimeoutMs);
      else socket.destroy();
    });
    this.on("connection", (socket: Socket) => {
      this.#connections.set(socket, new Connection(socket));
      socket.once("close", () => this.#connections.delete(socket));
    });
    const looking = setInterval(() => {
      for (const connection of this.#connections.values()) connection.cutIfSlow(limits.takeTimeoutMs);
    }, LOOK_EVERY_MS).unref();
    this.once("close", () => clearInterval(looking));
  }

  /** True while a request is being answered, or a client is still reading its answer. */
  get busy(): boolean {
    return [...this.#connections.values()].some(({ busy }) => busy);
  }
}

/** Ends the head of a request, and also a chunked body. */
const BLANK_LINE = Buffer.from("\r\n\r\n");
/**
 * The end of a body with a Content-Length is not searched for. So small requests that follow within this many bytes are
 * read together with the body.
 */
const LEAST_OF_BODY_BYTES = 256;

/**
 * Stands between a socket and the HTTP parser of Node.js, and passes on one request at a time. Later bytes wait until
 * that request is answered. Meanwhile the socket is paused, so the kernel stops the client from sending more.
 */
class Connection {
  readonly #socket: Socket;
  readonly #parsers: readonly ((chunk: Buffer) => void)[];
  /** Number of requests that have no complete answer yet. */
  #open = 0;
  /** The newest request. */
  #request: IncomingMessage | undefined;
  #response: ServerResponse | undefined;
  /** When the answer to the newest request was first seen to be complete. */
  #completeAtMs: number | undefined;
  /**
   * True while nothing more is read. Node.js may resume the socket to read the body of an answered request; this flag
   * then keeps further requests back.
   */
  #held = false;
  /**
   * Sets `#held` to false in the next turn of the event loop. One such turn serves all answers that end in this one.
   */
  #releasing: NodeJS.Immediate | undefined;

  constructor(socket: Socket) {
    this.#socket = socket;
    this.#parsers = socket.listeners("data") as ((chunk: Buffer) => void)[];
    socket.removeAllListeners("data");
    socket.on("data", (chunk: Buffer) => this.#read(chunk));
  }

  get busy(): boolean {
    return this.#open > 0;
  }

  /**
   * True if the client waits for the server: the server has received the whole request, or more of it than it has
   * processed, and has nothing to send yet.
   */
  get waitsForAnswer(): boolean {
    const request = this.#request;
    if (!this.busy || this.#response?.writableEnded || this.#socket.writableLength > 0) return false;
    return request !== undefined && (request.complete || request.readableLength > 0);
  }

  begin(request: IncomingMessage, response: ServerResponse): void {
    this.#open += 1;
    this.#request = request;
    this.#response = response;
    this.#completeAtMs = undefined;
    response.on("close", this.#end);
  }

  readonly #end = (): void => {
    this.#open -= 1;
    // Waits for the next turn, so that other connections are served first. Otherwise a connection with many requests
    // would get all its answers before them.
    if (this.#open <= 1 && this.#held) this.#releasing ??= setImmediate(this.#release);
  };

  readonly #release = (): void => {
    this.#releasing = undefined;
    this.#held = false;
    this.#socket.resume();
  };

  #read(chunk: Buffer): void {
    let rest = chunk;
    // Bytes that follow after the last answer are dropped.
    while (rest.length > 0 && this.#socket.writable && !this.#socket.isPaused()) {
      const inBody = this.#request?.complete === false;
      if (this.#held || this.#open > (inBody ? 1 : 0)) {
        this.#held = true;
        this.#socket.pause();
      } else {
        const blank = rest.indexOf(BLANK_LINE, inBody ? LEAST_OF_BODY_BYTES : 0);
        const end = blank === -1 ? rest.length : blank + BLANK_LINE.length;
        for (const parse of this.#parsers) parse(rest.subarray(0, end));
        rest = rest.subarray(end);
      }
    }
    if (rest.length > 0 && this.#socket.writable) this.#socket.unshift(rest);
  }

  cutIfSlow(takeTimeoutMs: number): void {
    if (!this.busy || !this.#response?.writableEnded) return;
    const nowMs = performance.now();
    this.#completeAtMs ??= nowMs;
    if (nowMs - this.#completeAtMs >= takeTimeoutMs) this.#socket.destroy();
  }
}
