import { randomUUID } from "node:crypto";
import type { IncomingMessage, ServerResponse } from "node:http";
import { countInFlight } from "../../telemetry/http-metrics.js";
import type { Logger } from "../../telemetry/logger.js";
import { observeDuration } from "../../telemetry/request-durations.js";
import type { ApiContext, ApiMiddleware, RequestState } from "./request.js";
import { fieldsOf } from "./request-fields.js";

const SANE_ID = /^[\w.:~+/=-]{1,128}$/;
const SLOW_MS = 1_000;

export interface ObserveOptions {
  readonly requestTimeoutMs: number;
  readonly logger: Logger;
}

/**
 * Gives each request an id and a deadline, and measures the request until its last byte.
 *
 * At level info and above, only slow requests and faults of the service are logged; at level debug, each request is. At
 * 5,000 requests a second, a line for each would take a fifth of the CPU and tell no more than the metrics do.
 */
export class RequestObserver {
  readonly #requestTimeoutMs: number;
  readonly #logger: Logger;

  constructor({ requestTimeoutMs, logger }: ObserveOptions) {
    this.#requestTimeoutMs = requestTimeoutMs;
    this.#logger = logger;
  }

  /** @param routeOf called when the request has ended; returns the template of the path, such as /batches/:id. */
  begin(req: IncomingMessage, res: ServerResponse, routeOf: () => string): RequestState {
    const given = req.headers["x-request-id"];
    const startedAtMs = performance.now();
    const state: RequestState = {
      id: typeof given === "string" && SANE_ID.test(given) ? given : randomUUID(),
      startedAtMs,
      deadlineMs: startedAtMs + this.#requestTimeoutMs,
      timings: "",
    };
    countInFlight(1);
    res.on("close", () => this.#finish(req, res, state, routeOf()));
    return state;
  }

  #finish({ method = "", url = "" }: IncomingMessage, res: ServerResponse, state: RequestState, route: string): void {
    const durationMs = performance.now() - state.startedAtMs;
    const status = res.writableFinished ? res.statusCode : 499;
    countInFlight(-1);
    observeDuration({ method, route, status }, durationMs / 1000);
    const level = durationMs >= SLOW_MS ? "info" : "debug";
    if (!this.#logger.isLevelEnabled(level)) return;
    this.#logger[level](
      {
        ...fieldsOf(state.id, url),
        method,
        status,
        duration_ms: Math.round(durationMs * 100) / 100,
      },
      "request",
    );
  }
}

/** Value of the Server-Timing header, up to this instant. */
export function serverTiming({ timings, startedAtMs }: RequestState): string {
  return `${timings}total;dur=${(performance.now() - startedAtMs).toFixed(2)}`;
}

/** Measures every request with the observer. While the server stops, it tells clients to close their connections. */
export function observeRequests(observer: RequestObserver, isDraining: () => boolean): ApiMiddleware {
  return async function observe(ctx: ApiContext, next) {
    const { req, res } = ctx;
    ctx.state = observer.begin(req, res, () => routeOf(ctx));
    res.setHeader("X-Request-Id", ctx.state.id);
    await next();
    // This header tells a client to open another connection. Without it, the client would notice only when the
    // connection is reset.
    if (isDraining()) res.setHeader("Connection", "close");
    res.setHeader("Server-Timing", serverTiming(ctx.state));
  };
}

/**
 * Template of the path, such as /batches/:id; "none" for an unknown path and for a request that was refused before
 * routing.
 */
function routeOf(ctx: ApiContext): string {
  if (ctx.state.route !== undefined) return ctx.state.route;
  const routed = ctx as ApiContext & { matched?: readonly { path: string | RegExp }[] };
  return routed.matched?.[0] === undefined ? "none" : String(routed.matched[0].path);
}
