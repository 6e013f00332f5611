import type { IncomingMessage } from "node:http";
import { requestsShed } from "../../telemetry/http-metrics.js";
import type { ClientAddress } from "./client-address.js";
import { ProblemError } from "./problems.js";
import type { ApiMiddleware } from "./request.js";
import { type RateLimit, TokenBuckets } from "./token-buckets.js";

/** What a client is told of its share. */
export interface Share {
  readonly allowed: boolean;
  /** Whole seconds until one request more than now can be sent; at least 1. */
  readonly nextSeconds: number;
  /** Of the RateLimit header. */
  readonly header: string;
}

/**
 * Lets each client send `burst` requests at once and `perSecond` in the long run, and says so in the headers of
 * draft-ietf-httpapi-ratelimit-headers-10: `r` requests are left, and one more is there in `t` seconds. Each process
 * counts by itself, so that a client may send as much to each of several pods.
 * @returns undefined without a limit.
 */
export class RateLimiter {
  readonly limit: RateLimit;
  /** Of the RateLimit-Policy header. */
  readonly policy: string;
  readonly #addresses: ClientAddress;
  readonly #buckets: TokenBuckets;

  /** @param limit with more than 0 a second */
  constructor(limit: RateLimit, addresses: ClientAddress) {
    this.limit = limit;
    this.policy = `"default";q=${limit.burst};w=${Math.max(1, Math.ceil(limit.burst / limit.perSecond))}`;
    this.#addresses = addresses;
    this.#buckets = new TokenBuckets(limit);
  }

  /** Counts a request. One that is not allowed takes nothing from what its client may send later. */
  take(req: IncomingMessage): Share {
    const forwarded = req.headers["x-forwarded-for"];
    const key = this.#addresses.key(req.socket.remoteAddress, Array.isArray(forwarded) ? forwarded.join() : forwarded);
    const { allowed, remaining, nextMs } = this.#buckets.take(key, performance.now());
    const nextSeconds = Math.max(1, Math.ceil(nextMs / 1000));
    return { allowed, nextSeconds, header: `"default";r=${remaining};t=${nextSeconds}` };
  }
}

/** Answers 429 to a client over its limit. */
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
