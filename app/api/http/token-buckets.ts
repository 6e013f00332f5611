import { LRUCache } from "lru-cache";

/** How many requests a client may send. */
export interface RateLimit {
  /** Requests per second in the long run; 0 for no limit. */
  readonly perSecond: number;
  /** Requests at once. */
  readonly burst: number;
}

/** What became of a request, and what its client has left. */
export interface Taken {
  readonly allowed: boolean;
  /** Requests that could follow at once. */
  readonly remaining: number;
  /** Milliseconds until one more than `remaining` could. */
  readonly nextMs: number;
}

/**
 * A client beyond these is forgotten, and so has a full bucket; only a client with very many addresses gains by that.
 */
const MOST_CLIENTS = 50_000;

/**
 * A bucket of `burst` requests for each client, filled with `perSecond`. Windows of a fixed length would let twice as
 * much pass around the instant at which one ends and the next begins; a bucket does not.
 */
export class TokenBuckets {
  readonly #perMs: number;
  readonly #burst: number;
  /** What was left at the last request that was allowed. */
  readonly #left = new LRUCache<string, { readonly requests: number; readonly atMs: number }>({ max: MOST_CLIENTS });

  constructor({ perSecond, burst }: RateLimit) {
    this.#perMs = perSecond / 1000;
    this.#burst = burst;
  }

  /** Takes a request from the bucket of a client, if one is left. @param nowMs on a scale that never goes back */
  take(client: string, nowMs: number): Taken {
    const last = this.#left.get(client) ?? { requests: this.#burst, atMs: nowMs };
    let requests = Math.min(this.#burst, last.requests + (nowMs - last.atMs) * this.#perMs);
    const allowed = requests >= 1;
    if (allowed) {
      requests -= 1;
      this.#left.set(client, { requests, atMs: nowMs });
    }
    const remaining = Math.floor(requests);
    return { allowed, remaining, nextMs: (remaining + 1 - requests) / this.#perMs };
  }
}
