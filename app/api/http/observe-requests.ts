import { randomUUID } from "node:crypto";
import type { ServerResponse } from "node:http";
import { countInFlight, requestDuration } from "../../telemetry/http-metrics.js";
import type { Logger } from "../../telemetry/logger.js";
import type { ApiContext, ApiMiddleware } from "./request.js";
import { requestFields } from "./request-fields.js";

const SANE_ID = /^[\w.:~+/=-]{1,128}$/;
const SLOW_MS = 1_000;

export interface ObserveOptions {
  readonly requestTimeoutMs: number;
  readonly isDraining: () => boolean;
  readonly logger: Logger;
}

/**
 * Gives each request its id and deadline, and measures it to the last byte.
 *
 * Only slow requests and faults of the service are logged at level info and above; each request is at level debug. At
 * 5,000 requests a second a line each would cost a fifth of the processor and tell nothing that the metrics do not.
 */
export function observeRequests(options: ObserveOptions): ApiMiddleware {
  const { isDraining, logger } = options;
  return async function observe(ctx: ApiContext, next) {
    const { req, res, state } = ctx;
    const given = req.headers["x-request-id"];
    state.id = typeof given === "string" && SANE_ID.test(given) ? given : randomUUID();
    state.startedAtMs = performance.now();
    state.deadlineMs = state.startedAtMs + options.requestTimeoutMs;
    state.timings = "";
    res.setHeader("X-Request-Id", state.id);
    countInFlight(1);
    res.once("close", () => finish(ctx, res, logger));
    await next();
    // A client that reuses its connection learns here, and not by a reset, that it should take another.
    if (isDraining()) res.setHeader("Connection", "close");
    const totalMs = (performance.now() - state.startedAtMs).toFixed(2);
    res.setHeader("Server-Timing", `${state.timings}total;dur=${totalMs}`);
  };
}

function finish(ctx: ApiContext, res: ServerResponse, logger: Logger): void {
  const { state } = ctx;
  const durationMs = performance.now() - state.startedAtMs;
  const status = res.writableFinished ? res.statusCode : 499;
  countInFlight(-1);
  requestDuration.observe({ method: ctx.method, route: routeOf(ctx), status }, durationMs / 1000);
  const level = durationMs >= SLOW_MS ? "info" : "debug";
  if (!logger.isLevelEnabled(level)) return;
  logger[level](
    {
      ...requestFields(ctx),
      method: ctx.method,
      status,
      duration_ms: Math.round(durationMs * 100) / 100,
    },
    "request",
  );
}

/** Template of the path, such as /batches/:id; "none" for a path that is not there and for what was shed before routing. */
function routeOf(ctx: ApiContext): string {
  if (ctx.state.route !== undefined) return ctx.state.route;
  const routed = ctx as ApiContext & { matched?: readonly { path: string | RegExp }[] };
  return routed.matched?.[0] === undefined ? "none" : String(routed.matched[0].path);
}
