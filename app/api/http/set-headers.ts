import type { ApiMiddleware } from "./request.js";

/**
 * The same for every answer, and only what says something about JSON: each header costs a little of every answer. Rates
 * are public and carry no credentials, so any origin may read them. What is declared as JSON or CSV is nothing else
 * (nosniff); pages set policies of their own. Strict-Transport-Security belongs to whoever ends TLS.
 */
export const HEADERS: readonly (readonly [string, string])[] = [
  ["Access-Control-Allow-Origin", "*"],
  [
    "Access-Control-Expose-Headers",
    "Dataset-Version, ETag, RateLimit, RateLimit-Policy, Retry-After, Server-Timing, X-Request-Id",
  ],
  ["X-Content-Type-Options", "nosniff"],
];

export const setHeaders: ApiMiddleware = function setHeaders({ res }, next) {
  for (const [name, value] of HEADERS) res.setHeader(name, value);
  return next();
};
