import type { ApiMiddleware } from "./request.js";

/**
 * The same for every answer. They are few, because each takes a little time of each answer. Rates are public and come
 * without credentials, so a page of any origin may read them. A browser takes JSON and CSV for what they are declared
 * as (nosniff); pages set policies of their own. Strict-Transport-Security is set by the proxy that ends TLS.
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
