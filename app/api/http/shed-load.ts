import { requestsShed } from "../../telemetry/http-metrics.js";
import { ProblemError } from "./problems.js";
import type { ApiMiddleware } from "./request.js";

/** The two measures of an overload, and the values above which requests are turned away. */
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
 * Turns requests away before any work while the event loop is late. The requests under way then finish in time; with
 * more, all of them would be too late.
 */
export function shedLoad(load: Load): ApiMiddleware {
  return function shed(_ctx, next) {
    if (!isLate(load)) return next();
    requestsShed.inc({ reason: "event_loop" });
    throw new ProblemError("overloaded", "The service has more requests than it can answer.", { headers: HEADERS });
  };
}

/** Called before a query; an answer from memory needs none. @throws {ProblemError} if too many queries wait already. */
export function refuseIfQueueIsLong(load: Load): void {
  if (load.waitingQueries() <= load.maxWaitingQueries) return;
  requestsShed.inc({ reason: "database_queue" });
  throw new ProblemError("overloaded", "Too many questions wait for the database.", { headers: HEADERS });
}
