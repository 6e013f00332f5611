import { type IncomingMessage, Server, type ServerOptions, type ServerResponse } from "node:http";
import type { Socket } from "node:net";

export type RequestHandler = (request: IncomingMessage, response: ServerResponse) => void;

/** Limits that keep clients from taking a server's memory. */
export interface ConnectionLimits {
  /** Connections at once; further ones are closed. */
  readonly mostConnections: number;
  /** A connection whose client neither sends nor reads for this long, while it is its turn, is closed. */
  readonly silenceTimeoutMs: number;
  /** A client that has not taken an answer this long after it was complete is cut. */
  readonly takeTimeoutMs: number;
}

const LOOK_EVERY_MS = 1_000;

/**
 * A server on which a connection takes little memory, whatever its client does: a request is read from it when the one
 * before is answered and the answer is sent.
 *
 * Node.js by itself turns all bytes that it reads at once into requests, up to 2,600 of 64 KiB, and all are answered at
 * the same time. It stops reading only if bytes of earlier answers are unsent when the next request arrives. Answers
 * that are made a little later wait in memory for a client that may never read them.
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
    // The server may ignore an expectation that it does not know (RFC 9110, 10.1.1); Node.js would answer 417 without
    // a body.
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

  /** True while a request is being answered, or a client takes its answer. */
  get busy(): boolean {
    return [...this.#connections.values()].some(({ busy }) => busy);
  }
}

/** Ends the head of a request, and a chunked body. */
const BLANK_LINE = Buffer.from("\r\n\r\n");
/**
 * The end of a body with a length is not looked for: small requests after it, as many as fit into this, are read with
 * it.
 */
const LEAST_OF_BODY_BYTES = 256;

/**
 * Stands between a socket and the HTTP parser of Node.js, and passes on one request at a time. Later bytes wait here
 * until that one is answered; meanwhile the socket is paused, and so the kernel stops the client from sending more.
 */
class Connection {
  readonly #socket: Socket;
  readonly #parsers: readonly ((chunk: Buffer) => void)[];
  /** Requests without an answer. */
  #open = 0;
  /** The newest of them. */
  #request: IncomingMessage | undefined;
  #response: ServerResponse | undefined;
  /** When its answer was first seen to be complete. */
  #completeAtMs: number | undefined;
  /**
   * Nothing more is read for now, also where Node.js resumes the socket: for the body of a request that is answered.
   */
  #held = false;
  /** Will end that in the next turn of the event loop, once however many answers end in this one. */
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

  /** It is the server's turn: it has all that was sent, or more than it has got round to, and has nothing to send yet. */
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
    // After the other connections have had their turn: otherwise one with many requests would get all its answers
    // first.
    if (this.#open <= 1 && this.#held) this.#releasing ??= setImmediate(this.#release);
  };

  readonly #release = (): void => {
    this.#releasing = undefined;
    this.#held = false;
    this.#socket.resume();
  };

  #read(chunk: Buffer): void {
    let rest = chunk;
    // What comes after the last answer is thrown away.
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
