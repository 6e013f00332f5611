import { LRUCache } from "lru-cache";

/** How many requests a client may send. */
export interface RateLimit {
  /** Requests per second in the long run; 0 for no limit. */
  readonly perSecond: number;
  /** Requests at once. */
  readonly burst: number;
}

/** Whether a request was allowed, and what its client has left. */
export interface Taken {
  readonly allowed: boolean;
  /** How many further requests are allowed at once. */
  readonly remaining: number;
  /** Milliseconds until `remaining` grows by one. */
  readonly nextMs: number;
}

/**
 * Most clients that are remembered. A forgotten client has a full bucket again; this helps only a client with very many
 * addresses.
 */
const MOST_CLIENTS = 50_000;

/**
 * A bucket of `burst` requests for each client, refilled with `perSecond`. Fixed time windows would let twice as many
 * requests pass around the end of a window; a bucket does not.
 */
export class TokenBuckets {
  readonly #perMs: number;
  readonly #burst: number;
  /** Requests left after the last allowed request, and the instant of that request. */
  readonly #left = new LRUCache<string, { readonly requests: number; readonly atMs: number }>({ max: MOST_CLIENTS });

  constructor({ perSecond, burst }: RateLimit) {
    this.#perMs = perSecond / 1000;
    this.#burst = burst;
  }

  /** Takes a request from the client's bucket, if one is left. @param nowMs on a scale that never goes back */
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
