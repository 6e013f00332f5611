import { requestsShed } from "../../telemetry/http-metrics.js";
import type { ClientAddress } from "./client-address.js";
import { ProblemError } from "./problems.js";
import type { ApiMiddleware } from "./request.js";
import { type RateLimit, TokenBuckets } from "./token-buckets.js";

/**
 * Holds each client to `burst` requests at once and `perSecond` in the long run, and tells it so in the headers of
 * draft-ietf-httpapi-ratelimit-headers-10, where `t` is when one more than `r` can be sent. Counted in this process: with
 * several pods a client has that share of each.
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
