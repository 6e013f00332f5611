import { requestsShed } from "../../telemetry/http-metrics.js";
import type { ClientAddress } from "./client-address.js";
import { ProblemError } from "./problems.js";
import type { ApiMiddleware } from "./request.js";
import { type RateLimit, TokenBuckets } from "./token-buckets.js";

/**
 * Lets each client send `burst` requests at once and `perSecond` in the long run, and says so in the headers of
 * draft-ietf-httpapi-ratelimit-headers-10: `r` requests are left, and one more is there in `t` seconds. Each process
 * counts by itself, so that a client may send as much to each of several pods.
 * @returns undefined without a limit.
 */
export function limitRate(limit: RateLimit, addresses: ClientAddress): ApiMiddleware | undefined {
  if (limit.perSecond === 0) return undefined;
  const buckets = new TokenBuckets(limit);
  const policy = `"default";q=${limit.burst};w=${Math.max(1, Math.ceil(limit.burst / limit.perSecond))}`;

  return function limited({ req, res }, next) {
    const forwarded = req.headers["x-forwarded-for"];
    const key = addresses.key(req.socket.remoteAddress, Array.isArray(forwarded) ? forwarded.join() : forwarded);
    const { allowed, remaining, nextMs } = buckets.take(key, performance.now());
    const nextSeconds = Math.max(1, Math.ceil(nextMs / 1000));
    res.setHeader("RateLimit-Policy", policy);
    res.setHeader("RateLimit", `"default";r=${remaining};t=${nextSeconds}`);
    if (allowed) return next();
    requestsShed.inc({ reason: "rate_limit" });
    const detail = `This client may send ${limit.burst} requests at once, and ${limit.perSecond} per second.`;
    throw new ProblemError("too-many-requests", detail, { headers: { "Retry-After": String(nextSeconds) } });
  };
}
