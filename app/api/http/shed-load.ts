import { requestsShed } from "../../telemetry/http-metrics.js";
import { ProblemError } from "./problems.js";
import type { ApiMiddleware } from "./request.js";

/** The two measures of overload, and the values above which requests are refused. */
export interface Load {
  readonly eventLoopLagMs: () => number;
  readonly maxEventLoopLagMs: number;
  readonly waitingQueries: () => number;
  readonly maxWaitingQueries: number;
}

const HEADERS = { "Retry-After": "1" };

/** True if the event loop is late, so that requests are refused before any work. */
export function isLate(load: Load): boolean {
  return load.eventLoopLagMs() > load.maxEventLoopLagMs;
}

/**
 * Refuses requests before any work while the event loop is late. The requests under way then finish in time. If more
 * were accepted, all of them would be too late.
 */
export function shedLoad(load: Load): ApiMiddleware {
  return function shed(_ctx, next) {
    if (!isLate(load)) return next();
    requestsShed.inc({ reason: "event_loop" });
    throw new ProblemError("overloaded", "The service has more requests than it can answer.", { headers: HEADERS });
  };
}

/** Called before a query, but not for an answer from memory. @throws {ProblemError} if too many queries are waiting. */
export function refuseIfQueueIsLong(load: Load): void {
  if (load.waitingQueries() <= load.maxWaitingQueries) return;
  requestsShed.inc({ reason: "database_queue" });
  throw new ProblemError("overloaded", "Too many questions wait for the database.", { headers: HEADERS });
}
