import { randomUUID } from "node:crypto";
import { type IncomingMessage, type Server, type ServerResponse, STATUS_CODES } from "node:http";
import { Server as NetServer, type Socket } from "node:net";
import type { Duplex } from "node:stream";
import { setTimeout as sleep } from "node:timers/promises";
import { BoundedServer, type RequestHandler } from "../../bounded-server.js";
import { requestsShed } from "../../telemetry/http-metrics.js";
import type { Logger } from "../../telemetry/logger.js";
import { type ProblemName, problems, writeProblem } from "./problems.js";

/**
 * Longer than the 60 s after which common load balancers drop a connection of theirs: the side that closes first must
 * be the one that sends requests, or some are sent into a connection that was just closed.
 */
const KEEP_ALIVE_TIMEOUT_MS = 75_000;
/** A client that takes longer to send its headers only holds the connection. */
const HEADERS_TIMEOUT_MS = 15_000;
/** No limit for a whole request, as an upload may take hours. {@link LIMITS} ends one on which nothing moves. */
const REQUEST_TIMEOUT_MS = 0;
/** 2,000 connections of clients that do not read take about 150 MiB. */
const LIMITS = { mostConnections: 2_000, silenceTimeoutMs: 120_000, takeTimeoutMs: 120_000 };

/** The server that the API listens with. */
export interface HttpServer {
  readonly server: Server;
  /** Ends it as {@link drainConnections} says, in `longestMs` at most. */
  drain(longestMs: number): Promise<void>;
}

/**
 * A server with limits for each connection ({@link BoundedServer}), not yet listening. What is not HTTP is
 * refused with a problem document, as every other mistake is.
 * @param handle answers a request
 */
export function createHttpServer(handle: RequestHandler, logger: Logger): HttpServer {
  /** Connections that were opened and have not asked anything yet, as browsers do in advance. */
  const unused = new Set<Socket>();
  const onRequest = (request: IncomingMessage, response: ServerResponse) => {
    unused.delete(request.socket);
    if (request.headers.host === undefined && request.httpVersion === "1.1") {
      answerClientError(new Error("no Host header"), request.socket, logger);
    } else handle(request, response);
  };
  const options = {
    keepAliveTimeout: KEEP_ALIVE_TIMEOUT_MS,
    headersTimeout: HEADERS_TIMEOUT_MS,
    requestTimeout: REQUEST_TIMEOUT_MS,
    connectionsCheckingInterval: 5_000,
    // Node.js would answer 400 by itself, without a body.
    requireHostHeader: false,
  };
  const server = new BoundedServer(options, LIMITS, onRequest);
  server.on("clientError", (error, socket) => answerClientError(error, socket, logger));
  server.on("drop", () => requestsShed.inc({ reason: "connections" }));
  server.on("connection", (socket) => {
    unused.add(socket);
    socket.once("close", () => unused.delete(socket));
  });
  return { server, drain: (longestMs) => drainConnections(server, unused, longestMs) };
}

const REFUSED_TIMEOUT_MS = 5_000;

/** Answers bytes that are no request, with a problem document that is written by hand: there is no response object. */
function answerClientError(error: NodeJS.ErrnoException, socket: Duplex, logger: Logger): void {
  if (error.code === "ECONNRESET" || !socket.writable) {
    socket.destroy();
    return;
  }
  const [problem, detail] = clientProblem(error.code);
  const { status } = problems[problem];
  const body = writeProblem(problem, detail);
  const id = randomUUID();
  logger.debug({ request_id: id, problem, error }, "request refused");
  socket.end(
    `HTTP/1.1 ${status} ${STATUS_CODES[status]}\r\nContent-Type: application/problem+json\r\n` +
      `Content-Length: ${Buffer.byteLength(body)}\r\nCache-Control: no-store\r\nX-Request-Id: ${id}\r\n` +
      `Connection: close\r\n\r\n${body}`,
  );
  // A client may take the answer and leave the connection open.
  setTimeout(() => socket.destroy(), REFUSED_TIMEOUT_MS).unref();
}

function clientProblem(code: string | undefined): [ProblemName, string] {
  if (code === "HPE_HEADER_OVERFLOW") return ["headers-too-large", "The request line and headers take over 16 KiB."];
  if (code === "ERR_HTTP_REQUEST_TIMEOUT") return ["request-timeout", "The headers did not arrive in time."];
  return ["malformed-request", "This is not well-formed HTTP."];
}

const IDLE_GRACE_MS = 1_000;

/**
 * Stops accepting connections and waits for those that are open: requests under way finish, clients that go on sending
 * are told to close with their next answer (the caller sets `Connection: close` meanwhile), and only what has been
 * silent for a second is closed from here. What remains after `longestMs` is cut.
 * @param unused connections that have not asked anything yet
 */
async function drainConnections(server: BoundedServer, unused: ReadonlySet<Socket>, longestMs: number): Promise<void> {
  // Not server.close(): since Node.js 19 that cuts idle connections at once, into which a client may just be sending.
  const closed = new Promise<void>((resolve) => {
    NetServer.prototype.close.call(server, () => resolve());
  });
  const deadlineMs = performance.now() + longestMs;
  let done = false;
  void closed.then(() => {
    done = true;
  });
  await Promise.race([closed, sleep(Math.min(IDLE_GRACE_MS, longestMs))]);
  while (!done && performance.now() < deadlineMs) {
    // Node.js takes a connection for idle whose client still takes its answer.
    if (!server.busy) server.closeIdleConnections();
    // Node.js does not count these as idle.
    for (const socket of unused) if (socket.bytesRead === 0) socket.destroy();
    await Promise.race([closed, sleep(20)]);
  }
  server.closeAllConnections();
  await closed;
}
