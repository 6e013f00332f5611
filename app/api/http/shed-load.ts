import { requestsShed } from "../../telemetry/http-metrics.js";
import { ProblemError } from "./problems.js";
import type { ApiMiddleware } from "./request.js";

/** What an overload is measured by, and where it begins. */
export interface Load {
  readonly eventLoopLagMs: () => number;
  readonly maxEventLoopLagMs: number;
  readonly waitingQueries: () => number;
  readonly maxWaitingQueries: number;
}

const HEADERS = { "Retry-After": "1" };

/** True while requests are turned away before any work. */
export function isLate(load: Load): boolean {
  return load.eventLoopLagMs() > load.maxEventLoopLagMs;
}

/**
 * Turns requests away before any work while the event loop runs late: those under way then finish in time, instead of
 * all of them too late.
 */
export function shedLoad(load: Load): ApiMiddleware {
  return function shed(_ctx, next) {
    if (!isLate(load)) return next();
    requestsShed.inc({ reason: "event_loop" });
    throw new ProblemError("overloaded", "The service has more requests than it can answer.", { headers: HEADERS });
  };
}

/** Called before a query, and not for an answer from memory. @throws {ProblemError} if too many wait already. */
export function refuseIfQueueIsLong(load: Load): void {
  if (load.waitingQueries() <= load.maxWaitingQueries) return;
  requestsShed.inc({ reason: "database_queue" });
  throw new ProblemError("overloaded", "Too many questions wait for the database.", { headers: HEADERS });
}
