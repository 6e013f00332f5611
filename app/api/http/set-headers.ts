import type { ApiMiddleware } from "./request.js";

/**
 * Headers of every answer. They are few, because each one takes time in each answer. Rates are public and need no
 * credentials, so a page of any origin may read them. `nosniff` makes browsers treat JSON and CSV as what they are
 * declared to be. Pages set their own policies. The proxy that ends TLS sets Strict-Transport-Security.
 */
export const HEADERS: readonly (readonly [string, string])[] = [
  ["Access-Control-Allow-Origin", "*"],
  [
    "Access-Control-Expose-Headers",
    "Dataset-Version, ETag, RateLimit, RateLimit-Policy, Retry-After, Server-Timing, X-Request-Id",
  ],
  ["X-Content-Type-Options", "nosniff"],
];

/** Sets {@link HEADERS}. */
export const setHeaders: ApiMiddleware = function setHeaders({ res }, next) {
  for (const [name, value] of HEADERS) res.setHeader(name, value);
  return next();
};
