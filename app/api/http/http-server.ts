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
 * Longer than the 60 s after which common load balancers close an idle connection. The side that sends the requests
 * must close first: otherwise it may send a request into a connection that this server has just closed.
 */
const KEEP_ALIVE_TIMEOUT_MS = 75_000;
/** A client that needs longer than this for its headers only occupies a connection. */
const HEADERS_TIMEOUT_MS = 15_000;
/**
 * A whole request has no limit, because an upload may take hours. {@link LIMITS} closes connections on which nothing
 * moves.
 */
const REQUEST_TIMEOUT_MS = 0;
/** 2,000 connections of clients that do not read take about 150 MiB. */
const LIMITS = { mostConnections: 2_000, silenceTimeoutMs: 120_000, takeTimeoutMs: 120_000 };

/** The HTTP server of the API. */
export interface HttpServer {
  readonly server: Server;
  /** Stops the server as {@link drainConnections} describes, within `longestMs`. */
  drain(longestMs: number): Promise<void>;
}

/**
 * Makes the server, with limits for each connection ({@link BoundedServer}). It does not listen yet. Bytes that are not
 * HTTP get a problem document, like every other mistake.
 * @param handle answers a request
 */
export function createHttpServer(handle: RequestHandler, logger: Logger): HttpServer {
  /** Connections on which no request has been sent yet. Browsers open such connections in advance. */
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
    // If this were on, Node.js would itself answer 400, without a body.
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

/**
 * Answers bytes that are no HTTP request. There is no response object, so the problem document is written to the
 * socket.
 */
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
  // A client may read the answer and leave the connection open.
  setTimeout(() => socket.destroy(), REFUSED_TIMEOUT_MS).unref();
}

function clientProblem(code: string | undefined): [ProblemName, string] {
  if (code === "HPE_HEADER_OVERFLOW") return ["headers-too-large", "The request line and headers take over 16 KiB."];
  if (code === "ERR_HTTP_REQUEST_TIMEOUT") return ["request-timeout", "The headers did not arrive in time."];
  return ["malformed-request", "This is not well-formed HTTP."];
}

const IDLE_GRACE_MS = 1_000;

/**
 * Accepts no more connections and waits for the open ones. Requests under way finish. A client that sends another
 * request gets `Connection: close` with its answer (the caller sets this header meanwhile). This function itself closes
 * only connections that have been silent for a second. After `longestMs`, the remaining ones are closed too.
 * @param unused connections on which no request has been sent yet
 */
async function drainConnections(server: BoundedServer, unused: ReadonlySet<Socket>, longestMs: number): Promise<void> {
  // server.close() is not used: since Node.js 19 it closes idle connections at once, and a client may just be sending
  // on one.
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
    // Node.js counts a connection as idle even if its client is still reading the answer.
    if (!server.busy) server.closeIdleConnections();
    // Node.js does not count unused connections as idle.
    for (const socket of unused) if (socket.bytesRead === 0) socket.destroy();
    await Promise.race([closed, sleep(20)]);
  }
  server.closeAllConnections();
  await closed;
}
