import type { IncomingMessage } from "node:http";
import { requestsShed } from "../../telemetry/http-metrics.js";
import type { ClientAddress } from "./client-address.js";
import { ProblemError } from "./problems.js";
import type { ApiMiddleware } from "./request.js";
import { type RateLimit, TokenBuckets } from "./token-buckets.js";

/** How many requests a client has left, and when it gets more. */
export interface Share {
  readonly allowed: boolean;
  /** Whole seconds until the client can send one request more than now; at least 1. */
  readonly nextSeconds: number;
  /** Value of the RateLimit header. */
  readonly header: string;
}

/**
 * Lets each client send `burst` requests at once and `perSecond` requests in the long run. The headers of
 * draft-ietf-httpapi-ratelimit-headers-10 tell the client: `r` requests are left, and one more is allowed in `t`
 * seconds. Each process counts by itself, so a client may send this much to each pod.
 */
export class RateLimiter {
  readonly limit: RateLimit;
  /** Value of the RateLimit-Policy header. */
  readonly policy: string;
  readonly #addresses: ClientAddress;
  readonly #buckets: TokenBuckets;

  /** @param limit `perSecond` must be more than 0 */
  constructor(limit: RateLimit, addresses: ClientAddress) {
    this.limit = limit;
    this.policy = `"default";q=${limit.burst};w=${Math.max(1, Math.ceil(limit.burst / limit.perSecond))}`;
    this.#addresses = addresses;
    this.#buckets = new TokenBuckets(limit);
  }

  /** Counts a request. A refused request does not reduce what the client may send later. */
  take(req: IncomingMessage): Share {
    const forwarded = req.headers["x-forwarded-for"];
    const key = this.#addresses.key(req.socket.remoteAddress, Array.isArray(forwarded) ? forwarded.join() : forwarded);
    const { allowed, remaining, nextMs } = this.#buckets.take(key, performance.now());
    const nextSeconds = Math.max(1, Math.ceil(nextMs / 1000));
    return { allowed, nextSeconds, header: `"default";r=${remaining};t=${nextSeconds}` };
  }
}

/** Answers 429 to a client that is over its limit. */
export function limitRate(limiter: RateLimiter): ApiMiddleware {
  const { burst, perSecond } = limiter.limit;
  const detail = `This client may send ${burst} requests at once, and ${perSecond} per second.`;
  return function limited({ req, res }, next) {
    const { allowed, nextSeconds, header } = limiter.take(req);
    res.setHeader("RateLimit-Policy", limiter.policy);
    res.setHeader("RateLimit", header);
    if (allowed) return next();
    requestsShed.inc({ reason: "rate_limit" });
    throw new ProblemError("too-many-requests", detail, { headers: { "Retry-After": String(nextSeconds) } });
  };
}
