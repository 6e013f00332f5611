import { RateLimiterMemory, type RateLimiterRes } from "rate-limiter-flexible";
import { requestsShed } from "../telemetry/http-metrics.js";
import type { ClientAddress } from "./client-address.js";
import { ProblemError } from "./problems.js";
import type { ApiMiddleware } from "./request.js";

export interface RateLimit {
  /** Requests per second in the long run; 0 for no limit. */
  readonly perSecond: number;
  /** Requests at once. */
  readonly burst: number;
}

/**
 * Holds each client to `burst` requests in each window of burst / perSecond seconds (which begins with its first), and tells it so in the headers of
 * draft-ietf-httpapi-ratelimit-headers-10. Counted in this process: with several pods a client has that share of each.
 */
export function limitRate(limit: RateLimit, addresses: ClientAddress): ApiMiddleware | undefined {
  if (limit.perSecond === 0) return undefined;
  const windowSeconds = Math.max(1, Math.ceil(limit.burst / limit.perSecond));
  const limiter = new RateLimiterMemory({ points: limit.burst, duration: windowSeconds });
  const policy = `"default";q=${limit.burst};w=${windowSeconds}`;

  return async function limited({ req, res }, next) {
    const forwarded = req.headers["x-forwarded-for"];
    const key = addresses.key(req.socket.remoteAddress, Array.isArray(forwarded) ? forwarded.join() : forwarded);
    let refused = false;
    const state = await limiter.consume(key).catch((over: RateLimiterRes) => {
      refused = true;
      return over;
    });
    const resetSeconds = Math.max(1, Math.ceil(state.msBeforeNext / 1000));
    res.setHeader("RateLimit-Policy", policy);
    res.setHeader("RateLimit", `"default";r=${state.remainingPoints};t=${resetSeconds}`);
    if (!refused) return next();
    requestsShed.inc({ reason: "rate_limit" });
    throw new ProblemError("too-many-requests", `This client may send ${limit.burst} requests in ${windowSeconds} s.`, {
      headers: { "Retry-After": String(resetSeconds) },
    });
  };
}
